"""All emulated ends of one run: the listening model, the calls, one pacer, one recorder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

from picows import WSListener, WSUpgradeRequest, ws_create_server

from dialplan.emulators.bench.call import Call, Recorder
from dialplan.emulators.bench.model import ModelEnd
from dialplan.emulators.bench.pacer import Pacer
from dialplan.emulators.bench.script import Full, Life, Mix, Script, Speaker
from dialplan.emulators.openai.server import PATH


class Ends:
    """The ends of a run.

    Attributes:
        calls: those that were made and not forgotten, oldest first.
        scripts: of the life mix, by the calls' indexes, for what happened in it.
    """

    def __init__(self, mix: Mix, deltas_ms: tuple[int, ...]) -> None:
        self._mix = mix
        self._deltas_ms = deltas_ms
        self._by_number: dict[str, Call] = {}
        self._sessions = 0
        self._made = 0
        self._port = 0
        self.calls: list[Call] = []
        self.scripts: dict[int, Life] = {}
        self.note = Recorder()
        self.pacer = Pacer(asyncio.get_running_loop())

    @property
    def origin(self) -> str:
        """Where the model's end listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def model_url(self) -> str:
        """The Realtime endpoint, without its query."""
        return f"ws://127.0.0.1:{self._port}{PATH}"

    def new_call(self) -> Call:
        """Return a call that the model's end will know."""
        self._made += 1
        index = self._made
        delta_ms = self._deltas_ms[index % len(self._deltas_ms)]
        call = Call(index, delta_ms=delta_ms, recorder=self.note)
        self.calls.append(call)
        self._by_number[call.number] = call
        return call

    def forget(self, call: Call) -> Life | None:
        """Let go of a call that is over; return its script in the life mix."""
        self.calls.remove(call)
        self._by_number.pop(call.number, None)
        return self.scripts.pop(call.index, None)

    def _accept(self, request: WSUpgradeRequest) -> WSListener | None:
        target = urlsplit(request.path.decode("latin-1"))
        model = parse_qs(target.query).get("model", [""])[0]
        if target.path != PATH or not model:
            self.note.fault(f"ends: a request for `{target.path[:60]}`")
            return None
        self._sessions += 1
        return ModelEnd(
            self._by_number.get,
            self._script,
            self.pacer,
            self.note,
            model=model,
            name=self._sessions,
        )

    def _script(self, speaker: Speaker, call: Call) -> Script:
        if self._mix == "full":
            return Full(speaker, call, perf_counter)
        script = Life(speaker, call, perf_counter)
        self.scripts[call.index] = script
        return script


@asynccontextmanager
async def open_ends(mix: Mix, deltas_ms: tuple[int, ...]) -> AsyncIterator[Ends]:
    """Listen as the model on loopback; nothing of it is left after the block."""
    ends = Ends(mix, deltas_ms)
    server = await ws_create_server(ends._accept, "127.0.0.1", 0)
    ends._port = server.sockets[0].getsockname()[1]
    try:
        yield ends
    finally:
        ends.pacer.stop()
        server.close()
