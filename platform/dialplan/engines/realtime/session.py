"""The realtime engine: runs the Agents SDK's session for one call, over either transport.

`direct` is our own model transport. `sdk` is the one of the SDK, kept to compare against: it does
not reconnect, cannot keep a tool silent, does not wait for the end of the caller's turn before it
speaks of a tool's answer, and sends audio frame by frame.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from agents.realtime import (
    OpenAIRealtimeWebSocketModel,
    RealtimeError,
    RealtimeHandoffEvent,
    RealtimeModelConfig,
    RealtimeModelEvent,
    RealtimeModelSendInterrupt,
    RealtimeModelSendRawMessage,
    RealtimePlaybackTracker,
    RealtimeRawModelEvent,
    RealtimeRunner,
    RealtimeSession,
    RealtimeSessionEvent,
)
from agents.realtime.model import RealtimeModelListener
from agents.realtime.model_events import RealtimeModelRawServerEvent
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dialplan.call.events import EngineLost
from dialplan.call.playback import Truncation
from dialplan.engines.engine import EngineSink, HandedOver, ToolUnknown
from dialplan.engines.realtime.agents import AgentGraph, CallAgents, Handover, Hooks, unknown_tool
from dialplan.engines.realtime.connection import Endpoint
from dialplan.engines.realtime.model import AUDIO_BATCH_MS, DirectRealtimeModel
from dialplan.engines.realtime.translate import translate
from dialplan.errors import EngineError
from dialplan.protocols.realtime import client, server
from dialplan.protocols.realtime.conversation import ConversationItems
from dialplan.protocols.realtime.reading import read

if TYPE_CHECKING:
    from dialplan.engines.realtime.wideband import Wideband

_log = logging.getLogger(__name__)

_SDK_FORMATS: Mapping[client.AudioFormat, str] = {"pcmu": "pcmu", "pcm24k": "pcm16"}
"""The SDK's own names."""

Transport = Literal["direct", "sdk"]

# Frames of the caller's that may wait for the SDK's transport; some 10 s.
WAITING_AUDIO = 500


@dataclass(frozen=True, slots=True)
class RealtimeEngineConfig:
    """What one call's engine is made of.

    Attributes:
        settings: all but the agent's part of a session.
        graph: the agents; other calls may run on it too.
        batch_ms: how much of the caller's audio makes a message to the model, in milliseconds.
    """

    endpoint: Endpoint
    settings: client.SessionSettings
    graph: AgentGraph
    entry: str
    transport: Transport = "direct"
    batch_ms: int = AUDIO_BATCH_MS


class _RawEvents(RealtimeModelListener):
    """Hears the server's own events from the SDK's transport, ahead of the session."""

    def __init__(self, note: Callable[[server.ServerEvent], Awaitable[None]]) -> None:
        self._note = note

    async def on_event(self, event: RealtimeModelEvent) -> None:
        if isinstance(event, RealtimeModelRawServerEvent):
            await self._note(read(event.data))


class RealtimeEngine:
    """An `Engine` over a realtime speech model."""

    def __init__(
        self,
        config: RealtimeEngineConfig,
        call: CallAgents,
        sink: EngineSink,
        handing_over: Callable[[Handover], Mapping[str, Any]] = lambda _handover: {},
    ) -> None:
        self._config = config
        self._wideband: Wideband | None = None
        if config.settings.audio == "pcm24k":
            # Imported here: it brings numpy and soxr, which a call in mu-law does without.
            from dialplan.engines.realtime.wideband import Wideband

            self._wideband = Wideband(sink)
            sink = self._wideband.down
        self._sink = sink
        self._hooks: Hooks | None = Hooks(call, handing_over, self._forget, self._announce, sink)
        self._session: RealtimeSession | None = None
        self._beginning = asyncio.Lock()
        self._drain: asyncio.Task[None] | None = None
        self._audio: asyncio.Queue[bytes] = asyncio.Queue(WAITING_AUDIO)
        self._pump: asyncio.Task[None] | None = None
        self._announcements = 0
        self._closing = False
        self._items = ConversationItems(transcribes=config.settings.transcription is not None)
        self._direct: DirectRealtimeModel | None = None
        if config.transport == "direct":
            self._direct = DirectRealtimeModel(
                config.endpoint,
                config.settings,
                sink,
                config.graph.silent,
                config.batch_ms,
                None if self._wideband is None else self._wideband.widen,
            )

    async def connect(self) -> None:
        """Begin the session ahead of the call. Raises EngineError."""
        await self.configure()

    async def configure(self) -> None:
        """Begin the session with the entry agent, unless it has begun. Raises EngineError."""
        async with self._beginning:
            if self._session is None and not self._closing:
                self._session = await self._begin()
                self._drain = asyncio.create_task(
                    self._drain_session(self._session), name="realtime session"
                )

    async def _begin(self) -> RealtimeSession:
        runner = RealtimeRunner(
            self._config.graph.agents[self._config.entry],
            model=self._direct or _sdk_model(self._config.endpoint),
            config={"tracing_disabled": True},
        )
        session = await runner.run(context=self._hooks, model_config=self._model_config())
        if self._direct is None:
            session.model.add_listener(_RawEvents(self._note))
            self._pump = asyncio.create_task(self._pump_audio(session), name="realtime audio")
        try:
            await session.enter()
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            raise EngineError(
                f"could not begin a session with the model ({type(error).__name__}), "
                "check the address, the key and the network"
            ) from error
        return session

    def append_audio(self, audio: bytes) -> None:
        """Pass on the caller's audio, mu-law; dropped while there is no session."""
        if self._direct is not None:
            self._direct.append(audio)
        elif self._session is not None and not self._audio.full():
            self._audio.put_nowait(audio)

    async def say(self, text: str, say_id: str) -> None:
        """Have these words said exactly."""
        if self._direct is not None:
            await self._direct.say(text, say_id)
        else:
            await self._raw(client.create_response(say_id, text, say_id))

    async def respond(self) -> None:
        """Have the agent speak in its own words."""
        if self._direct is not None:
            await self._direct.respond()
        else:
            await self._raw('{"type":"response.create"}')

    async def tell(self, text: str) -> None:
        """Tell the agent something as if the caller had said it, and have it answer."""
        if self._direct is not None:
            await self._direct.tell(text)
        elif self._session is not None:
            try:
                await self._session.send_message(text)
            except ConnectionClosed:
                return  # the session tells it too

    async def interrupt(
        self,
        truncations: Sequence[Truncation],
        responses: Collection[str],
        *,
        unheard: bool = False,
    ) -> None:
        """Stop these responses and forget what the caller did not hear."""
        if self._direct is not None:
            await self._direct.interrupt(truncations, responses, unheard=unheard)
            return
        stops = _server_interrupts(self._config.settings) and not unheard
        if self._session is not None and responses and not stops:
            await self._session.model.send_event(
                RealtimeModelSendInterrupt(force_response_cancel=True)
            )
        for cut in truncations:
            if self._items.holds(cut.item_id):
                await self._raw(client.truncate(cut.item_id, cut.content_index, cut.audio_end_ms))

    async def close(self) -> None:
        """End the session and wait for its task."""
        self._closing = True
        # It holds this engine; what is over is to be gone at once.
        self._hooks = None
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])
        drain, self._drain = self._drain, None
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        elif self._direct is not None:
            await self._direct.close()
        if drain is not None:
            await asyncio.wait([drain])

    async def _forget(self, handoff: str) -> None:
        if self._direct is not None:
            await self._direct.forget(handoff)
            return
        for frame in self._items.cut(handoff).frames:
            await self._raw(frame)

    async def _note(self, event: server.ServerEvent) -> None:
        for frame in self._items.note(event):
            await self._raw(frame)

    async def _announce(self, text: str) -> None:
        self._announcements += 1
        await self.say(text, f"announce_{self._announcements}")

    async def _raw(self, frame: str) -> None:
        """Send a frame past the SDK's session, through its own model."""
        if self._session is None:
            return
        message = client.decode(frame)
        kind = message.pop("type")
        try:
            await self._session.model.send_event(
                RealtimeModelSendRawMessage({"type": kind, "other_data": message})
            )
        except ConnectionClosed:
            return  # the session tells it too

    async def _pump_audio(self, session: RealtimeSession) -> None:
        """Send audio over the SDK's transport, which can only be awaited."""
        while True:
            audio = await self._audio.get()
            try:
                if self._wideband is not None:
                    audio = self._wideband.widen(audio)
                if audio:
                    await session.send_audio(audio)
            except ConnectionClosed:
                return  # the session tells it too

    async def _drain_session(self, session: RealtimeSession) -> None:
        """Keep the SDK's queue empty, and tell the call what only the session knows."""
        reason = "closed"
        try:
            async for event in session:
                await self._take(event)
        except ConnectionClosed as error:
            reason = f"closed with {1006 if error.rcvd is None else error.rcvd.code}"
        except Exception as error:  # the call loop of this session: whatever it is, tell the call
            _log.exception("realtime session failed")
            reason = type(error).__name__
            if self._direct is not None and not self._closing:
                self._sink(EngineLost(reason))
                return
        if self._direct is None and not self._closing:
            self._sink(EngineLost(reason))

    async def _take(self, event: RealtimeSessionEvent) -> None:
        match event:
            case RealtimeHandoffEvent():
                self._sink(HandedOver(event.from_agent.name, event.to_agent.name))
            case RealtimeError(error={"message": str(words)}):
                name = unknown_tool(words)
                if name is not None:
                    self._sink(ToolUnknown(name))
                    if self._direct is None:
                        # The SDK tells the model and asks for no answer: the caller would wait.
                        await self.respond()
            case RealtimeRawModelEvent() if self._direct is None:
                if isinstance(event.data, RealtimeModelRawServerEvent):
                    for told in translate(read(event.data.data)):
                        self._sink(told)
            case _:
                pass

    def _model_config(self) -> RealtimeModelConfig:
        if self._direct is not None:
            return {}
        settings = self._config.settings
        heard: dict[str, Any] = {
            "format": _SDK_FORMATS[settings.audio],
            "transcription": settings.transcription,
            "turn_detection": settings.turn_detection,
            "noise_reduction": settings.noise_reduction,
        }
        spoken: dict[str, Any] = {"format": _SDK_FORMATS[settings.audio], "voice": settings.voice}
        if settings.speed is not None:
            spoken["speed"] = settings.speed
        return cast(
            RealtimeModelConfig,
            {
                "url": self._config.endpoint.url,
                "headers": dict(self._config.endpoint.headers),
                # Never fed, so that the SDK truncates nothing: what was heard is ours to say.
                "playback_tracker": RealtimePlaybackTracker(),
                "initial_model_settings": {
                    "model_name": settings.model,
                    "output_modalities": ["audio"],
                    "audio": {"input": heard, "output": spoken},
                },
            },
        )


def _server_interrupts(settings: client.SessionSettings) -> bool:
    return bool((settings.turn_detection or {}).get("interrupt_response", True))


def _sdk_model(endpoint: Endpoint) -> OpenAIRealtimeWebSocketModel:
    return OpenAIRealtimeWebSocketModel(
        transport_config={
            "ping_interval": endpoint.ping_interval_s,
            "ping_timeout": endpoint.ping_timeout_s,
            "handshake_timeout": endpoint.open_timeout_s,
            "max_size": endpoint.max_size,
        }
    )
