"""Every client of a process trusts the same certificates, and they are read once."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CLIENTS = """
import asyncio, gc, ssl, sys
import httpx, httpx2
from dialplan.engines.text.specialist import Specialists
from dialplan.knowledge.providers import Providers
from dialplan.model.knowledge import Embeddings
from dialplan.tools.guard import Guard, guarded_client
from dialplan.tools.mcp.network import Refusal, mcp_client

def read():
    return sum(type(one) is ssl.SSLContext for one in gc.get_objects())

async def main(url):
    before = read()  # libraries that only tests install have some
    guard = Guard(["127.0.0.1"])
    clients = {"tools": guarded_client(guard), "mcp": mcp_client(guard, {}, 5, None, Refusal())}
    specialists, providers = Specialists(api_key="k"), Providers(openai_key="k")
    providers.of(Embeddings(provider="openai"))
    for name, client in clients.items():
        try:
            print(name, (await client.get(url)).text)
        except (httpx.ConnectError, httpx2.ConnectError) as error:
            print(name, "CERTIFICATE_VERIFY_FAILED" in str(error))
        await client.aclose()
    print("read", read() - before)

asyncio.run(main(sys.argv[1]))
"""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=service", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", *words.split(), *names, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=30)  # noqa: S603
    return cert, key


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (True, ["tools hello", "mcp hello", "read 1"]),
        (False, ["tools True", "mcp True", "read 1"]),
    ],
)
async def test_certificates_are_read_once_and_the_environment_may_name_others(
    certificate: tuple[Path, Path], named: bool, said: list[str]
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(*certificate)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "platform")}
    if named:
        env["SSL_CERT_FILE"] = str(certificate[0])
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=secure) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLIENTS, url),
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, error = await process.communicate()

    assert out.decode().splitlines() == said, error.decode()
