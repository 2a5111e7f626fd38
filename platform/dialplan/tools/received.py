"""The body of an HTTP answer: read up to a limit, unpacked up to the same, parsed by its type."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from email.message import Message
from urllib.parse import parse_qs

ENCODINGS = "gzip"
"""What an answer may be compressed with, as told in `Accept-Encoding`."""
_ANY_ZLIB_HEADER = 47
_FORM = "application/x-www-form-urlencoded"


class Unreadable(Exception):
    """An answer that cannot be used; the message ends the sentence `it answered ...`."""


async def read_body(pieces: AsyncIterator[bytes], encoding: str, most_bytes: int) -> bytes:
    """Read a body as sent on the wire; a small one that unpacks to a huge one is cut off as well.

    Raises:
        Unreadable: it is too long, or compressed in a way that was not asked for.
    """
    if encoding.strip().lower() not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Unreadable("in a `Content-Encoding` that was not asked for")
    packed = encoding.strip().lower() not in ("", "identity")
    unpack = zlib.decompressobj(_ANY_ZLIB_HEADER)
    body = bytearray()
    async for piece in pieces:
        rest = piece
        while rest:
            if packed:
                body += _unpacked(unpack, rest, most_bytes + 1 - len(body))
                rest = unpack.unconsumed_tail
            else:
                body += rest
                rest = b""
            if len(body) > most_bytes:
                raise Unreadable(f"more than {most_bytes} bytes")
    if packed and body and not unpack.eof:
        raise Unreadable("with a compressed body that breaks off")
    return bytes(body)


def _unpacked(unpack: zlib._Decompress, piece: bytes, most: int) -> bytes:
    try:
        return unpack.decompress(piece, most)
    except zlib.error as error:
        raise Unreadable("with a compressed body that cannot be unpacked") from error


def parse_body(body: bytes, content_type: str) -> tuple[object, str]:
    """Return what stands under `response.json` and `response.text`.

    JSON is read where the type says so or where there is no type; a form becomes a mapping.

    Raises:
        Unreadable: the type says JSON, and the body is none.
    """
    header = Message()
    header["Content-Type"] = content_type or "application/octet-stream"
    kind = header.get_content_type()
    text = _decoded(body, header.get_content_charset("utf-8"))
    if kind == _FORM:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
        return {name: values[0] for name, values in fields.items()}, text
    is_json = kind == "application/json" or kind.endswith("+json")
    if body and (is_json or not content_type):
        try:
            return json.loads(text), text
        except (ValueError, RecursionError) as error:
            if is_json:
                raise Unreadable("with JSON that cannot be read") from error
    return None, text


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, UnicodeError):
        # There is no such charset, or Python means something else by its name (`hex`, `idna`).
        return body.decode("utf-8", "replace")
