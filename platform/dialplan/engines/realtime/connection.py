"""One WebSocket to the model: how it is opened and with which limits. Knows no event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI

from dialplan.errors import EngineError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and how long to wait for it. Times are seconds, sizes bytes."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_timeout_s: float = 5.0
    close_timeout_s: float = 2.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    max_size: int = 16 * 1024 * 1024
    reconnects: int = 3
    reconnect_wait_s: float = 0.25


async def dial(endpoint: Endpoint) -> ClientConnection:
    """Open a connection.

    Compression is off: base64 audio does not shrink enough to pay for it.

    Raises:
        EngineError: nobody answered in time, or the answer was a refusal.
    """
    try:
        return await connect(
            endpoint.url,
            additional_headers=dict(endpoint.headers),
            compression=None,
            open_timeout=endpoint.open_timeout_s,
            close_timeout=endpoint.close_timeout_s,
            ping_interval=endpoint.ping_interval_s,
            ping_timeout=endpoint.ping_timeout_s,
            max_size=endpoint.max_size,
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise EngineError(
            f"could not open a session with the model ({type(error).__name__}), "
            "check the address, the key and the network"
        ) from error
