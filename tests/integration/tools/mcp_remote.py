"""The MCP server of these tests as an app on loopback, and which programs of it are running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dialplan.web.serving import serving

SERVER = Path(__file__).parent / "mcp_server.py"


def children() -> set[int]:
    """The server processes that this process has."""
    ours = {one.pid for one in psutil.Process().children(recursive=True)}
    # By what was found in one look: a process that ends meanwhile has no command line.
    found = psutil.process_iter(["cmdline"])
    return {
        one.pid
        for one in found
        if one.pid in ours and str(SERVER) in " ".join(one.info["cmdline"] or ())
    }


@asynccontextmanager
async def remote() -> AsyncIterator[tuple[str, list[str]]]:
    """The server as an app behind a key; gives its address and the keys that it saw."""
    spec = spec_from_file_location("remote_mcp_server", SERVER)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    app = module.server.streamable_http_app()
    keys: list[str] = []

    class Door(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            keys.append(request.headers.get("authorization", ""))
            if keys[-1] not in ("Bearer k1", "Bearer k2"):
                return JSONResponse({"error": "no"}, 401)
            return await call_next(request)

    app.add_middleware(Door)
    async with app.router.lifespan_context(app), serving(app) as url:
        yield f"{url}/mcp", keys
