import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest

from dialplan.errors import ToolError
from dialplan.model.tool import Http
from dialplan.model.vertical import Endpoint
from dialplan.tools.http import HttpCaller, Prepared, prepare_request

Answers = Callable[[int], bytes]


@asynccontextmanager
async def service(answer: Answers) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service on loopback: gives its address and the requests it saw."""
    seen: list[bytes] = []

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

    assert response.names() == {"status": 200, "json": {"a": 1}}
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


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.0.0.1"])
async def test_a_private_network_is_out_of_reach_unless_allowed(host: str) -> None:
    caller = HttpCaller()

    with pytest.raises(ToolError, match="is on a private network"):
        await caller.send(request(f"http://{host}:9"))

    await caller.close()
