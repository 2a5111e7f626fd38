import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from dialplan.tools.received import Unreadable, parse_body, read_body


async def pieces(*some: bytes) -> AsyncIterator[bytes]:
    for one in some:
        yield one


@pytest.mark.parametrize(
    ("content_type", "body", "parsed"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/problem+json; charset=utf-8", b"[1]", [1]),
        ("", b'{"a": 1}', {"a": 1}),
        ("application/x-www-form-urlencoded", b"a=1&b=x%20y&c=", {"a": "1", "b": "x y", "c": ""}),
        ("text/plain", b"12345", None),
        ("application/json", b"", None),
        ("", b"no json", None),
    ],
)
def test_a_body_is_read_by_its_type(content_type: str, body: bytes, parsed: object) -> None:
    assert parse_body(body, content_type) == (parsed, body.decode())


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain; charset=latin-1", "Zo\u00eb"),
        ("text/plain; charset=klingon", "Zo\ufffd"),
        ("text/plain; charset=hex", "Zo\ufffd"),
        ("text/plain", "Zo\ufffd"),
    ],
)
def test_text_is_decoded_as_told(content_type: str, text: str) -> None:
    assert parse_body(b"Zo\xeb", content_type) == (None, text)


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000])
def test_what_calls_itself_json_and_is_none_is_an_error(body: bytes) -> None:
    with pytest.raises(Unreadable, match="JSON that cannot be read"):
        parse_body(body, "application/json")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_a_compressed_body_is_unpacked(pack: object) -> None:
    packed = gzip.compress(b"x" * 500) if pack is gzip.compress else zlib.compress(b"x" * 500)
    encoding = "gzip" if pack is gzip.compress else "deflate"

    assert await read_body(pieces(packed[:7], packed[7:]), encoding, 500) == b"x" * 500


async def test_a_small_body_that_unpacks_to_a_huge_one_is_cut_off_in_little_memory() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=6)
    tracemalloc.start()

    with pytest.raises(Unreadable, match="more than 1000 bytes"):
        await read_body(pieces(bomb), "gzip", 1000)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("br", b"x", "not asked for"),
        ("gzip", b"no gzip at all", "cannot be unpacked"),
        ("gzip", gzip.compress(b"x" * 100)[:20], "breaks off"),
        ("", b"x" * 1001, "more than 1000 bytes"),
    ],
)
async def test_what_cannot_be_read_is_told(encoding: str, body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        await read_body(pieces(body), encoding, 1000)
