"""Our transport under the Agents SDK's session: its public `RealtimeModel`, over one WebSocket.

Audio goes straight between the socket and the call; the SDK's session sees everything else, which
is what its tools, handoffs and guardrails live on. A lost connection is taken up again here, with
the conversation told anew, so that the SDK's session never notices.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

import orjson
from agents import FunctionTool, Handoff
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
    RealtimeModelUserInput,
    RealtimeSessionModelSettings,
)
from agents.realtime.model import RealtimeModelListener
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from dialplan.call.events import LOST, EngineLost, ResponseEnded
from dialplan.call.playback import Truncation
from dialplan.engines.engine import EngineSink, Reconnected
from dialplan.engines.realtime.connection import Endpoint, dial
from dialplan.engines.realtime.history import History
from dialplan.engines.realtime.translate import translate
from dialplan.engines.realtime.upward import upward
from dialplan.errors import EngineError
from dialplan.protocols.realtime import client, server
from dialplan.protocols.realtime.conversation import ConversationItems
from dialplan.protocols.realtime.session import ResponseState

_log = logging.getLogger(__name__)


# How long the server may take to begin its answer to a turn of the caller. One that it took for
# noise is never answered, and what waits behind it must not wait for ever.
ANSWER_S = 1.5


class DirectRealtimeModel(RealtimeModel):
    """One session with the model. Belongs to one call and is not used again after `close`."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: client.SessionSettings,
        sink: EngineSink,
        silent_tools: frozenset[str] = frozenset(),
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._sink = sink
        self._silent_tools = silent_tools
        self._listeners: list[RealtimeModelListener] = []
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._closing = False
        detection = settings.turn_detection or {}
        self._state = ResponseState(
            answers_turns=bool(detection) and detection.get("create_response", True)
        )
        self._patience: asyncio.Task[None] | None = None
        self._history = History(client.BYTES_PER_MS[settings.audio])
        self._items = ConversationItems(transcribes=settings.transcription is not None)
        self._server_interrupts = False
        self._tells = 0
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
            self._socket = await dial(self._endpoint)

    async def connect(self, options: RealtimeModelConfig) -> None:
        """Begin the session. Of `options` only the agent's prompt, tools and handoffs count."""
        if self._reader is not None:
            raise RuntimeError("the model is connected already, make one per call")
        await self.open()
        self._adopt(options.get("initial_model_settings") or {})
        await self._send(client.session_update(self._settings))
        self._reader = asyncio.create_task(self._read(), name="realtime model reader")

    async def close(self) -> None:
        """Close the socket and wait for the reader."""
        self._closing = True
        reader, self._reader = self._reader, None
        socket, self._socket = self._socket, None
        patience, self._patience = self._patience, None
        if patience is not None:
            patience.cancel()
            await asyncio.wait([patience])
        if socket is not None:
            await socket.close()
        if reader is not None:
            reader.cancel()
            await asyncio.wait([reader])

    async def append(self, payload: str) -> None:
        """Send the caller's audio, base64."""
        await self._send(client.append_audio(payload))

    async def say(self, text: str, say_id: str) -> None:
        """Have exactly these words said."""
        await self._send(*self._state.say(text, say_id))

    async def respond(self) -> None:
        """Have the agent speak."""
        await self._send(*self._state.request())

    async def tell(self, text: str) -> None:
        """Have the agent told something in the caller's place, and answer."""
        await self._send(*self._told(text))

    async def interrupt(self, truncations: Sequence[Truncation], *, unheard: bool = False) -> None:
        """Mute the open response, and cut what was not heard, item by item."""
        muted = self._state.mute()
        frames = []
        if muted is not None and (unheard or not self._server_interrupts):
            frames.append(client.cancel_response(muted))
        for cut in truncations:
            self._history.truncated(cut)
            if self._items.holds(cut.item_id):
                frames.append(client.truncate(cut.item_id, cut.content_index, cut.audio_end_ms))
        await self._send(*frames)

    async def forget(self, handoff: str) -> None:
        """Take out of the conversation all that precedes the last call of this handoff's tool."""
        cut = self._items.cut(handoff)
        self._history.cut(cut.kept_from)
        await self._send(*cut.frames)

    async def send_event(self, event: RealtimeModelSendEvent) -> None:
        """Do what the SDK's session asks for."""
        await self._send(*self._frames_for(event))

    async def send_event_if(
        self, event: RealtimeModelSendEvent, send_if: Callable[[], bool]
    ) -> bool:
        """Do what the SDK's session asks for, if it still wants it when nothing can intervene."""
        if not send_if():
            return False
        await self._send(*self._frames_for(event))
        return True

    def _frames_for(self, event: RealtimeModelSendEvent) -> list[str]:
        match event:
            case RealtimeModelSendAudio(audio):
                return [client.append_audio(base64.b64encode(audio).decode())]
            case RealtimeModelSendUserInput(user_input):
                return self._told(_text(user_input))
            case RealtimeModelSendToolOutput(call, output):
                # The session wants no response for a tool it does not know, and the caller would
                # hear nothing: only a silent tool is answered silently.
                speaks = call.name not in self._silent_tools
                self._history.answered(call.call_id, output)
                return [
                    client.function_output(call.call_id, output),
                    *self._state.answered(call.call_id, speaks),
                ]
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

    def _told(self, text: str) -> list[str]:
        self._tells += 1
        item_id = f"told_{self._tells}"
        self._history.caller_said(item_id, text)
        message = client.message("user", text, item_id)
        return [message, *self._state.told(item_id)]

    def _adopt(self, settings: RealtimeSessionModelSettings) -> None:
        tools = [
            client.ToolSchema(tool.name, tool.description, tool.params_json_schema)
            for tool in settings.get("tools", [])
            if isinstance(tool, FunctionTool)
        ]
        tools += [
            client.ToolSchema(handoff.tool_name, handoff.tool_description, schema)
            for handoff in settings.get("handoffs", [])
            if isinstance(handoff, Handoff) and (schema := handoff.input_json_schema) is not None
        ]
        instructions = settings.get("instructions", "")
        self._settings = replace(self._settings, instructions=instructions, tools=tuple(tools))

    async def _send(self, *frames: str) -> None:
        """Send frames in order; without a connection they are dropped, the history keeps them."""
        socket = self._socket
        if socket is None:
            return
        try:
            for frame in frames:
                await socket.send(frame)
        except ConnectionClosed:
            return  # the reader sees it too, and takes the session up again

    async def _read(self) -> None:
        """Read until the session is over, and tell when it ended against our will."""
        try:
            reason = await self._read_all()
        except Exception as error:  # the call loop of this socket: whatever it is, tell the call
            _log.exception("realtime model reader failed")
            reason = type(error).__name__
        if not self._closing:
            self._sink(EngineLost(reason))
            await self._notify(RealtimeModelConnectionStatusEvent(status="disconnected"))
            await self._notify(RealtimeModelEndOfStreamEvent())

    async def _read_all(self) -> str:
        """Read over as many connections as it takes; return why the last one ended."""
        reason = "closed"
        while self._socket is not None and not self._closing:
            try:
                async for frame in self._socket:
                    await self._take(server.parse(frame))
            except ConnectionClosed as error:
                reason = f"closed with {1006 if error.rcvd is None else error.rcvd.code}"
            if self._closing or not await self._reconnect():
                break
        return reason

    async def _reconnect(self) -> bool:
        self._socket = None
        if self._state.active is not None:
            self._sink(ResponseEnded(self._state.active, LOST))
        while self._tries < self._endpoint.reconnects:
            self._tries += 1
            await asyncio.sleep(self._endpoint.reconnect_wait_s * (self._tries - 1))
            try:
                socket = await dial(self._endpoint)
            except EngineError:
                _log.warning("model not reached again", extra={"attempt": self._tries})
                continue
            self._items.reset()
            self._socket = socket
            update = client.session_update(self._settings)
            await self._send(update, *self._history.frames(), *self._state.reset())
            self._sink(Reconnected(self._tries))
            return True
        return False

    async def _take(self, event: server.ServerEvent) -> None:
        if isinstance(event, server.AudioDelta):
            if not self._state.muted(event.response_id):
                self._history.agent_audio(event.item_id, event.delta)
                for told in translate(event):
                    self._sink(told)
            return
        frames = [*self._items.note(event), *self._note(event)]
        for told in translate(event):
            self._sink(told)
        for upward_event in upward(event):
            await self._notify(upward_event)
        await self._send(*frames)

    def _note(self, event: server.ServerEvent) -> list[str]:
        """Keep track of the session; return what may be sent now."""
        match event:
            case server.SessionUpdated(interrupt_response):
                self._server_interrupts = interrupt_response
            case server.SpeechStarted(item_id):
                self._history.caller_spoke(item_id)
                self._state.caller_began()
            case server.SpeechStopped():
                frames = self._state.caller_stopped()
                self._wait_for_answer()
                return frames
            case server.CallItemAdded(_, call_id, output) if output:
                self._state.read(call_id)
            case server.MessageAdded(item_id):
                self._state.read(item_id)
            case server.CallerTranscript(item_id, text):
                self._history.caller_said(item_id, text)
            case server.TranscriptDone(_, item_id, transcript):
                self._history.agent_said(item_id, transcript)
            case server.FunctionCalled(_, _, call_id, name, arguments):
                self._history.called(call_id, name, arguments)
                self._state.called(call_id)
            case server.ResponseCreated(response_id, metadata):
                self._state.created(response_id, metadata)
            case server.ResponseDone(response_id):
                self._tries = 0
                return self._state.done(response_id)
            case server.ServerError(_, code, _, event_id):
                return self._state.refused(event_id, code)
            case _:
                pass
        return []

    def _wait_for_answer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None
        if self._state.awaits_answer and not self._closing:
            self._patience = asyncio.create_task(self._lose_patience(), name="realtime answer")

    async def _lose_patience(self) -> None:
        await asyncio.sleep(ANSWER_S)
        if self._state.awaits_answer:
            await self._send(*self._state.answer_overdue())

    async def _notify(self, event: RealtimeModelEvent) -> None:
        for listener in list(self._listeners):
            await listener.on_event(event)


def _text(user_input: RealtimeModelUserInput) -> str:
    if isinstance(user_input, str):
        return user_input
    return "\n".join(part["text"] for part in user_input["content"] if part["type"] == "input_text")
