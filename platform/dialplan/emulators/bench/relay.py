"""The yardstick: the least that carries a call, in plain `websockets`, as examples have it.

It has no webhook, no signature, no agents, no tools, no limits and no records: what is left is the
work that no server in this language and on this library gets around. It is never a product.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any

import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


class Relay:
    """Passes audio on between legs and a model at `model_url`."""

    def __init__(self, model_url: str) -> None:
        self._model_url = model_url

    async def carry(self, leg: ServerConnection) -> None:
        """Carry one call to its end."""
        start: dict[str, Any] = {}
        with suppress(ConnectionClosed):
            while not start:
                message = orjson.loads(await leg.recv())
                start = message.get("start") or {}
            async with connect(f"{self._model_url}?model=yardstick", compression=None) as model:
                # The one parameter is the caller's number, by which the model's end knows the call.
                session = {
                    "type": "realtime",
                    "instructions": start["customParameters"]["caller"],
                    "audio": {
                        "input": {"format": {"type": "audio/pcmu"}},
                        "output": {"format": {"type": "audio/pcmu"}},
                    },
                }
                await model.send(
                    orjson.dumps({"type": "session.update", "session": session}).decode()
                )
                await model.send('{"type":"response.create"}')
                down = asyncio.create_task(_down(leg, model, start["streamSid"]))
                try:
                    async for frame in leg:
                        message = orjson.loads(frame)
                        if message["event"] == "media":
                            audio = message["media"]["payload"]
                            append = {"type": "input_audio_buffer.append", "audio": audio}
                            await model.send(orjson.dumps(append), text=True)
                        elif message["event"] == "stop":
                            break
                finally:
                    down.cancel()


async def _down(leg: ServerConnection, model: ClientConnection, stream_sid: str) -> None:
    with suppress(ConnectionClosed):
        async for frame in model:
            event = orjson.loads(frame)
            if event["type"] == "response.output_audio.delta":
                media = {"payload": event["delta"]}
                message = {"event": "media", "streamSid": stream_sid, "media": media}
                await leg.send(orjson.dumps(message), text=True)


async def main(port: int, model_url: str) -> None:
    """Listen until killed."""
    relay = Relay(model_url)
    async with serve(relay.carry, "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    # Whoever looks whether it listens does not speak its protocol.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
