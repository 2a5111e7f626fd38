"""Our transport under the Agents SDK's session: its public `RealtimeModel`, over one WebSocket.

Whatever the model says is dealt with where it comes in, in the order of the wire and without a
task: audio goes straight to the call, and so does all else that a call has to know. The SDK's
session is told, from a queue, of what it has a part in. A lost connection is taken up again here,
with the conversation told anew, so that the SDK's session never notices.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import orjson
from agents.realtime import (
    RealtimeModel,
    RealtimeModelConfig,
    RealtimeModelConnectionStatusEvent,
    RealtimeModelEndOfStreamEvent,
    RealtimeModelEvent,
    RealtimeModelSendAudio,
    RealtimeModelSendEvent,
    RealtimeModelSendInterrupt,
    RealtimeModelSendRawMessage,
    RealtimeModelSendSessionUpdate,
    RealtimeModelSendToolOutput,
    RealtimeModelSendUserInput,
    RealtimeModelToolCallEvent,
    RealtimeSessionModelSettings,
)
from agents.realtime.model import RealtimeModelListener

from dialplan.call.events import EngineLost, SpeechArrived
from dialplan.call.playback import BYTES_PER_MS, Truncation
from dialplan.engines.engine import EngineSink, PeerFault, Reconnected
from dialplan.engines.realtime.agents import NO_SUCH_TOOL, unknown_tool
from dialplan.engines.realtime.batch import AudioBatch
from dialplan.engines.realtime.connection import Connection, Endpoint, dial
from dialplan.engines.realtime.downward import text_of, tool_schemas
from dialplan.engines.realtime.known import SessionKnowledge
from dialplan.engines.realtime.translate import translate
from dialplan.errors import EngineError
from dialplan.protocols.realtime import client, server
from dialplan.protocols.realtime.reading import parse

_log = logging.getLogger(__name__)


# How long the server may take to begin its answer to a turn of the caller. One that it took for
# noise is never answered, and what waits behind it must not wait for ever.
ANSWER_S = 1.5

# The SDK's session is told of tool calls, of which a response makes a handful.
WAITING_EVENTS = 1_000

AUDIO_BATCH_MS = 20


@dataclass(frozen=True, slots=True)
class _Ended:
    """A connection is over; `mendable` is whether another may take its place."""

    reason: str
    mendable: bool
    socket: Connection | None


class DirectRealtimeModel(RealtimeModel):
    """One session with the model. Belongs to one call and is not used again after `close`."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: client.SessionSettings,
        sink: EngineSink,
        silent_tools: frozenset[str] = frozenset(),
        batch_ms: int = AUDIO_BATCH_MS,
        widen: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Not connected yet.

        Args:
            endpoint: where the model is.
            settings: what a session begins with.
            sink: is told what the model says; must neither block nor raise.
            silent_tools: tools whose answers are not spoken of.
            batch_ms: how much of the caller's audio goes into one message.
            widen: turns the caller's mu-law into the format of the session, where that differs.
        """
        self._endpoint = endpoint
        self._settings = settings
        self._sink = sink
        self._silent_tools = silent_tools
        self._widen = widen
        self._listeners: list[RealtimeModelListener] = []
        self._loop = asyncio.get_running_loop()
        self._socket: Connection | None = None
        self._upward: asyncio.Queue[RealtimeModelEvent | _Ended] = asyncio.Queue(WAITING_EVENTS)
        self._reader: asyncio.Task[None] | None = None
        self._configured = asyncio.Event()
        self._batch = AudioBatch(batch_ms, BYTES_PER_MS, self._append)
        self._deaf = False
        self._over = False
        self._closing = False
        self._known = SessionKnowledge(settings)
        self._state = self._known.responses
        self._patience: asyncio.TimerHandle | None = None
        self._tries = 0
        """Reconnects since a response last came to its end."""

    def add_listener(self, listener: RealtimeModelListener) -> None:
        """Have a listener told of every event but audio."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def remove_listener(self, listener: RealtimeModelListener) -> None:
        """Stop telling a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def open(self) -> None:
        """Dial ahead of `connect`. Raises EngineError."""
        if self._socket is None:
            self._socket = await dial(self._endpoint, self._frame, self._lost)

    async def connect(self, options: RealtimeModelConfig) -> None:
        """Begin the session. Of `options` only the agent's prompt, tools and handoffs count.

        Raises:
            EngineError: nobody answered in time.
        """
        if self._reader is not None:
            raise RuntimeError("the model is connected already, make one per call")
        await self.open()
        self._adopt(options.get("initial_model_settings") or {})
        self._send(client.session_update(self._settings))
        self._reader = asyncio.create_task(self._read(), name="realtime model reader")
        limit_s = self._endpoint.open_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                await self._configured.wait()
        except TimeoutError as error:
            raise EngineError(
                f"the model did not begin a session within {limit_s:g} s, try again later"
            ) from error

    async def close(self) -> None:
        """Close the socket and wait for the reader."""
        self._closing = True
        self._batch.close()
        reader, self._reader = self._reader, None
        socket, self._socket = self._socket, None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if socket is not None:
            await socket.close()
        if reader is not None:
            reader.cancel()
            await asyncio.wait([reader])

    def append(self, audio: bytes) -> None:
        """Send the caller's audio, mu-law, with what comes next; dropped unconnected."""
        if self._socket is not None and not self._closing:
            self._batch.add(audio)

    async def say(self, text: str, say_id: str) -> None:
        """Have exactly these words said."""
        self._send(*self._state.say(text, say_id))

    async def respond(self) -> None:
        """Have the agent speak."""
        self._send(*self._state.request())

    async def tell(self, text: str) -> None:
        """Have the agent told something in the caller's place, and answer."""
        self._send(*self._known.told(text))

    async def interrupt(
        self,
        truncations: Sequence[Truncation],
        responses: Collection[str],
        *,
        unheard: bool = False,
    ) -> None:
        """Mute these responses, and cut what was not heard, item by item."""
        self._send(*self._known.interrupted(truncations, responses, unheard=unheard))

    async def forget(self, handoff: str) -> None:
        """Take out of the conversation all that precedes the last call of this handoff's tool."""
        self._send(*self._known.forgotten(handoff))

    async def send_event(self, event: RealtimeModelSendEvent) -> None:
        """Do what the SDK's session asks for."""
        self._send(*self._frames_for(event))

    async def send_event_if(
        self, event: RealtimeModelSendEvent, send_if: Callable[[], bool]
    ) -> bool:
        """Do what the SDK's session asks for, if it still wants it when nothing can intervene."""
        if not send_if():
            return False
        self._send(*self._frames_for(event))
        return True

    def _frames_for(self, event: RealtimeModelSendEvent) -> Sequence[str | bytes]:
        match event:
            case RealtimeModelSendAudio(audio):
                return [client.append_audio(audio)]
            case RealtimeModelSendUserInput(user_input):
                return self._known.told(text_of(user_input))
            case RealtimeModelSendToolOutput(call, output):
                # The session wants no response for a tool it does not know, and the caller would
                # hear nothing: only a silent tool is answered silently.
                speaks = call.name not in self._silent_tools
                output = NO_SUCH_TOOL if unknown_tool(output) is not None else output
                return self._known.answered(call.call_id, output, speaks=speaks)
            case RealtimeModelSendSessionUpdate(settings):
                self._adopt(settings)
                return [client.agent_update(self._settings.instructions, self._settings.tools)]
            case RealtimeModelSendInterrupt():
                if event.playback_only or (
                    event.response_id is not None and event.response_id != self._state.active
                ):
                    return []
                muted = self._state.mute()
                return [] if muted is None else [client.cancel_response(muted)]
            case RealtimeModelSendRawMessage(message):
                if message["type"] == "response.create":
                    return self._state.request()
                body = {"type": message["type"], **message.get("other_data", {})}
                return [orjson.dumps(body).decode()]
            case _:  # pragma: no cover - the type check proves it cannot be reached
                assert_never(event)

    def _adopt(self, settings: RealtimeSessionModelSettings) -> None:
        self._settings = replace(
            self._settings,
            instructions=settings.get("instructions", ""),
            tools=tool_schemas(settings),
        )

    def _send(self, *frames: str | bytes) -> None:
        """Send frames in order; without a connection they are dropped, the history keeps them."""
        socket = self._socket
        if socket is not None:
            for frame in frames:
                socket.send(frame)

    def _append(self, audio: bytes) -> None:
        if self._widen is not None:
            audio = self._widen(audio)
            if not audio:
                return  # the filter is not full yet
        if self._socket is None:
            return
        heard = self._socket.send_audio(client.append_audio(audio))
        if heard is self._deaf:
            self._deaf = not heard
            if not heard:
                self._sink(PeerFault("caller audio dropped"))

    # -- what comes in, in the order of the wire ------------------------------------------------

    def _frame(self, frame: bytes) -> None:
        """Deal with one message of the model, here and now."""
        if self._closing or self._over:
            return
        try:
            self._take(parse(frame))
        except Exception as error:  # the call loop of this socket: whatever it is, tell the call
            _log.exception("realtime model reader failed")
            self._end(type(error).__name__, mendable=False)

    def _take(self, event: server.ServerEvent) -> None:
        if isinstance(event, server.AudioDelta):
            if self._known.hears(event):
                self._sink(
                    SpeechArrived(
                        event.response_id, event.item_id, event.content_index, event.delta
                    )
                )
            return
        frames = self._known.note(event)
        for told in translate(event):
            self._sink(told)
        match event:
            case server.FunctionCalled():
                self._pass_on(event)
            case server.SpeechStopped():
                self._wait_for_answer()
            case server.ResponseDone():
                self._tries = 0
            case server.SessionUpdated() | server.ServerError():
                # A refused update leaves the session as it was.
                self._configured.set()
            case _:
                pass
        self._send(*frames)

    def _pass_on(self, event: server.FunctionCalled) -> None:
        """Tell the SDK's session of a tool call or a handoff.

        Of nothing else: it would keep transcripts and a history of its own, for guardrails that we
        have none of and readers that it has none of, and each costs more than the event itself.
        """
        call = RealtimeModelToolCallEvent(
            event.name, event.call_id, event.arguments, id=event.item_id
        )
        try:
            self._upward.put_nowait(call)
        except asyncio.QueueFull:
            self._end(f"over {WAITING_EVENTS} tool calls wait", mendable=False)

    def _lost(self, reason: str) -> None:
        """Note that the connection is gone."""
        self._end(reason, mendable=True)

    def _end(self, reason: str, *, mendable: bool) -> None:
        """Take nothing more from this connection, and leave the rest to the reader."""
        self._batch.drop()
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.abandon()
        self._over = self._over or not mendable
        if self._upward.full():
            self._upward.get_nowait()
        self._upward.put_nowait(_Ended(reason, mendable, socket))

    # -- the reader: what has to be awaited -----------------------------------------------------

    async def _read(self) -> None:
        """Serve the SDK's session until it is over, and tell when it ended against our will."""
        try:
            reason = await self._read_all()
        except Exception as error:  # the call loop of this socket: whatever it is, tell the call
            _log.exception("realtime model reader failed")
            reason = type(error).__name__
        self._over = True
        if not self._closing:
            self._sink(EngineLost(reason))
            self._configured.set()
            await self._notify(RealtimeModelConnectionStatusEvent(status="disconnected"))
            await self._notify(RealtimeModelEndOfStreamEvent())

    async def _read_all(self) -> str:
        """Serve over as many connections as it takes; return why the last one ended."""
        while True:
            event = await self._upward.get()
            if not isinstance(event, _Ended):
                await self._notify(event)
                continue
            if event.socket is not None:
                await event.socket.close()
            if self._closing or not event.mendable or not await self._reconnect():
                return event.reason

    async def _reconnect(self) -> bool:
        for ended in self._known.lost():
            self._sink(ended)
        while self._tries < self._endpoint.reconnects:
            self._tries += 1
            await asyncio.sleep(self._endpoint.reconnect_wait_s * (self._tries - 1))
            try:
                socket = await dial(self._endpoint, self._frame, self._lost)
            except EngineError:
                _log.warning("model not reached again", extra={"attempt": self._tries})
                continue
            self._socket = socket
            self._send(client.session_update(self._settings), *self._known.renewed())
            self._sink(Reconnected(self._tries))
            return True
        return False

    async def _notify(self, event: RealtimeModelEvent) -> None:
        for listener in list(self._listeners):
            await listener.on_event(event)

    # -- patience -------------------------------------------------------------------------------

    def _wait_for_answer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None
        if self._state.awaits_answer:
            self._patience = self._loop.call_later(ANSWER_S, self._lose_patience)

    def _lose_patience(self) -> None:
        # Without a connection nobody can answer; a fresh one is asked to.
        if self._socket is not None and self._state.awaits_answer:
            self._send(*self._state.answer_overdue())
