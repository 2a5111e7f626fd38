import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest
from tests.stillness import watched

from dialplan.errors import ToolError
from dialplan.model.endpoint import Endpoint
from dialplan.model.tool import Http
from dialplan.tools.http import HttpCaller
from dialplan.tools.requests import Prepared, prepare_request

Answers = Callable[[int], bytes]


@asynccontextmanager
async def service(
    answer: Answers, seen: list[bytes] | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service on loopback: gives its address and the requests it saw."""
    seen = [] if seen is None else seen

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        writer.write(answer(len(seen)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()


def reply(status: str, body: str = "{}", head: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n{body}"
    ).encode()


def request(base: str, method: str = "get", timeout: str = "2s") -> Prepared:
    endpoint = Endpoint.model_validate({"base_url": base, "timeout": timeout, "retries": 2})
    http = Http.model_validate({method: "{{ endpoints.it }}/x", "query": {"q": "a b&c"}})
    return prepare_request(http, {"it": endpoint}, {}, {}, ZoneInfo("UTC"))


@pytest.fixture
async def caller() -> AsyncIterator[HttpCaller]:
    caller = HttpCaller(private_hosts=["127.0.0.1"], most_bytes=1000)
    yield caller
    await caller.close()


async def test_a_failing_read_is_tried_again(caller: HttpCaller) -> None:
    async with service(lambda n: reply("503 Busy") if n < 3 else reply("200 OK", '{"a": 1}')) as it:
        response = await caller.send(request(it[0]))

    assert response.names() == {"status": 200, "json": {"a": 1}, "text": '{"a": 1}'}
    assert len(it[1]) == 3
    assert it[1][0].startswith(b"GET /x?q=a+b%26c HTTP/1.1") or b"q=a%20b%26c" in it[1][0]


async def test_a_write_is_sent_once_and_with_a_key_again(caller: HttpCaller) -> None:
    async with service(lambda n: reply("503 Busy")) as it:
        with pytest.raises(ToolError, match="failed after 1 tries: status 503"):
            await caller.send(request(it[0], "post"))
        with pytest.raises(ToolError, match="failed after 3 tries"):
            await caller.send(request(it[0], "post"), key="k1")

    assert len(it[1]) == 4
    assert b"idempotency-key" not in it[1][0].lower()
    assert all(b"idempotency-key: k1" in head.lower() for head in it[1][1:])


async def test_a_redirect_is_not_followed(caller: HttpCaller) -> None:
    moved = reply("302 Found", "", "Location: http://127.0.0.1:1/secret\r\n")
    async with service(lambda n: moved) as it:
        response = await caller.send(request(it[0]))

    assert response.status == 302
    assert len(it[1]) == 1


async def test_a_long_answer_is_cut_off(caller: HttpCaller) -> None:
    async with service(lambda n: reply("200 OK", "x" * 2000)) as it:
        with pytest.raises(ToolError, match="answered more than 1000 bytes"):
            await caller.send(request(it[0]))


async def test_a_silent_service_costs_its_timeout_and_no_more(caller: HttpCaller) -> None:
    async with service(lambda n: b"") as it:
        base = it[0]
    with pytest.raises(ToolError, match="failed after 3 tries"):
        await caller.send(request(base, timeout="100ms"))


PRIVATE = [
    "127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.0.0.1", "2130706433", "0x7f.1",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "0.0.0.0",  # noqa: S104
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
async def test_a_private_network_is_out_of_reach_unless_allowed(host: str) -> None:
    caller = HttpCaller()

    with pytest.raises(ToolError, match="is on a private network"):
        await caller.send(request(f"http://{host}:9"))

    await caller.close()


class Resolver:
    """Answers differently each time, as a name does that is rebound."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0)


async def test_a_name_that_is_rebound_to_this_machine_is_refused() -> None:
    resolve = Resolver([], ["127.0.0.1"])
    caller = HttpCaller(resolve=resolve)

    async with service(lambda n: reply("200 OK")) as (base, seen):
        port = base.rpartition(":")[2]
        with pytest.raises(ToolError, match="is on a private network"):
            await caller.send(request(f"http://rebound.example.com:{port}"))
    await caller.close()

    assert seen == []
    assert len(resolve.asked) == 2


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    caller = HttpCaller(resolve=Resolver(["8.8.8.8", "10.0.0.1"]))

    with pytest.raises(ToolError, match="is on a private network"):
        await caller.send(request("http://mixed.example.com"))

    await caller.close()


async def test_the_address_that_was_checked_is_dialled_under_its_name() -> None:
    resolve = Resolver(["127.0.0.1"])
    async with service(lambda n: reply("200 OK")) as (base, seen):
        port = base.rpartition(":")[2]
        caller = HttpCaller(private_hosts=[f"inside.example.com:{port}"], resolve=resolve)
        response = await caller.send(request(f"http://inside.example.com:{port}"))
        await caller.close()

    assert response.status == 200
    assert f"host: inside.example.com:{port}".encode() in seen[0].lower()
    assert resolve.asked == ["inside.example.com"]


async def test_a_private_host_is_allowed_at_its_port_alone() -> None:
    caller = HttpCaller(private_hosts=["127.0.0.1:1"])

    with pytest.raises(ToolError, match="is on a private network"):
        await caller.send(request("http://127.0.0.1:2"))

    await caller.close()


async def test_a_write_that_never_left_is_tried_again() -> None:
    resolve = Resolver([], ["127.0.0.1"])
    async with service(lambda n: reply("200 OK")) as (base, seen):
        port = base.rpartition(":")[2]
        caller = HttpCaller(private_hosts=["shy.example.com"], resolve=resolve)
        response = await caller.send(request(f"http://shy.example.com:{port}", "post"))
        await caller.close()

    assert response.status == 200
    assert len(seen) == 1


async def test_a_service_is_left_alone_as_long_as_it_asks(caller: HttpCaller) -> None:
    busy = reply("429 Slow down", "{}", "Retry-After: 1\r\n")
    async with service(lambda n: busy if n == 1 else reply("200 OK")) as it:
        async with watched() as stillness:
            began = time.monotonic()
            await caller.send(request(it[0]))
            ended = time.monotonic()

    assert 1.0 <= ended - began
    assert ended - began - stillness.seconds(began, ended) < 1.8


async def test_a_wait_that_outlasts_the_tool_is_not_begun(caller: HttpCaller) -> None:
    busy = reply("503 Busy", "{}", "Retry-After: 30\r\n")
    async with service(lambda n: busy) as it:
        with pytest.raises(ToolError, match="failed after 1 tries: status 503"):
            await caller.send(request(it[0]), limit_s=2)

    assert len(it[1]) == 1


async def test_a_bomb_is_cut_off(caller: HttpCaller) -> None:
    packed = gzip.compress(b"0" * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with service(lambda n: head.encode() + packed) as it:
        with pytest.raises(ToolError, match="answered more than 1000 bytes"):
            await caller.send(request(it[0]))


def with_token(base: str) -> Prepared:
    endpoint = Endpoint.model_validate(
        {
            "base_url": f"{base}/api",
            "auth": {
                "oauth2": {
                    "token_url": f"{base}/token",
                    "client_id": "cid",
                    "client_secret": "pw",
                }
            },
        }
    )
    http = Http.model_validate({"post": "{{ endpoints.it }}/x"})
    secrets = {"pw": "s3cret"}
    return prepare_request(http, {"it": endpoint}, {}, secrets, ZoneInfo("UTC"), tenant="lakeside")


def tokens_and_answers(*answers: bytes) -> Callable[[bytes], bytes]:
    """Grants t1, t2, ... and gives the answers in order."""
    left, granted = list(answers), [0]

    def answer(head: bytes) -> bytes:
        if head.startswith(b"POST /token"):
            granted[0] += 1
            token = {"access_token": f"t{granted[0]}", "token_type": "Bearer", "expires_in": 3600}
            return reply("200 OK", json.dumps(token))
        return left.pop(0)

    return answer


async def test_a_token_is_fetched_once_and_sent_with_every_request(caller: HttpCaller) -> None:
    seen: list[bytes] = []
    answer = tokens_and_answers(*[reply("200 OK")] * 4)
    async with service(lambda n: answer(seen[-1]), seen) as (base, _):
        one = with_token(base)
        await asyncio.gather(*(caller.send(one) for _ in range(4)))

    assert [head.split()[1] for head in seen] == [b"/token", *[b"/api/x"] * 4]
    assert b"authorization: Basic Y2lkOnMzY3JldA==".lower() in seen[0].lower()
    assert all(b"authorization: bearer t1" in head.lower() for head in seen[1:])


async def test_a_token_that_is_refused_is_renewed_once(caller: HttpCaller) -> None:
    seen: list[bytes] = []
    answer = tokens_and_answers(*[reply("401 No")] * 2)
    async with service(lambda n: answer(seen[-1]), seen) as (base, _):
        response = await caller.send(with_token(base))

    assert response.status == 401
    paths = [head.split()[1] for head in seen]
    assert paths == [b"/token", b"/api/x", b"/token", b"/api/x"]
    assert b"bearer t2" in seen[-1].lower()


async def test_no_token_is_a_located_error_without_secrets(caller: HttpCaller) -> None:
    async with service(lambda n: reply("401 No", '{"error": "s3cret"}')) as (base, _):
        with pytest.raises(ToolError, match=r"gave no token: status 401") as caught:
            await caller.send(with_token(base))

    assert "s3cret" not in str(caught.value)


async def test_the_token_endpoint_is_guarded_too() -> None:
    caller = HttpCaller(private_hosts=["127.0.0.1:1"])

    with pytest.raises(ToolError, match="is on a private network"):
        await caller.send(with_token("http://127.0.0.1:2"))

    await caller.close()
