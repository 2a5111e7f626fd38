"""One client of the emulated Realtime API: its socket, its tasks, its timers.

The state is the conversation's. Here frames are read, events are written in order, and the ear, the
mind and the voice are awaited, each with a limit, in tasks that end with the connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, assert_never

import orjson
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from dialplan.emulators.openai.audio import BYTES_PER_MS, duration_ms
from dialplan.emulators.openai.conversation import Conversation
from dialplan.emulators.openai.events import Event
from dialplan.emulators.openai.faults import Faults
from dialplan.emulators.openai.mind import CallTool, Decision, Mind, Say
from dialplan.emulators.openai.sentences import breaths
from dialplan.emulators.openai.work import Abandon, Generate, Transcribe
from dialplan.emulators.speech.ports import Ear, Voice

_log = logging.getLogger(__name__)

_FIRST_CHUNK_MS: Final = 100
_CHUNK_MS: Final = 200
_WAITING_UTTERANCES: Final = 16
"""With more than these before the ear, no further frame is read until it has caught up."""
_MIND_LIMIT_S: Final = 60.0
_EAR_LIMIT_S: Final = 30.0
_VOICE_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Peers:
    """Who thinks, hears and speaks."""

    mind: Mind
    ear: Ear
    voice: Voice


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may last, and how much faster than real time audio is sent."""

    session_s: float
    speed: float


class _Over(Exception):
    """The client is gone."""


class Connection:
    """Serves one WebSocket until either side closes it."""

    def __init__(
        self,
        socket: ServerConnection,
        conversation: Conversation,
        peers: Peers,
        limits: Limits,
        faults: Faults,
    ) -> None:
        self._socket = socket
        self._conversation = conversation
        self._peers = peers
        self._limits = limits
        self._faults = faults
        self._tasks = asyncio.TaskGroup()
        self._ear_turn = asyncio.Lock()
        self._all_heard = asyncio.Event()
        self._idle_changed = asyncio.Event()
        self._idle_deadline: float | None = None
        self._outbox: deque[Event] = deque()
        self._outgoing = asyncio.Event()
        self._sent = asyncio.Event()
        self._generating: dict[str, asyncio.Task[None]] = {}
        self._responses = 0
        self._audio_bytes = 0

    async def serve(self) -> None:
        """Hold the session."""
        try:
            async with self._tasks:
                self._tasks.create_task(self._write())
                self._tasks.create_task(self._watch_session())
                self._tasks.create_task(self._watch_idle())
                await self._flush()
                async for frame in self._socket:
                    self._conversation.receive(frame, self._now)
                    await self._flush()
                    if self._conversation.unheard_count > _WAITING_UTTERANCES:
                        await self._all_heard.wait()
                raise _Over
        except* (_Over, ConnectionClosed):
            pass

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _flush(self) -> None:
        """Start the work the last step left behind, and wait until its events are sent."""
        for work in self._conversation.drain_work():
            match work:
                case Transcribe():
                    self._tasks.create_task(self._transcribe(work))
                case Generate():
                    response_id = work.response_id
                    task = self._tasks.create_task(self._generate(response_id), name=response_id)
                    self._generating[response_id] = task
                    task.add_done_callback(self._generated)
                case Abandon():
                    abandoned = self._generating.get(work.response_id)
                    if abandoned is not None:
                        abandoned.cancel()
                case _:
                    assert_never(work)
        if self._conversation.unheard_count:
            self._all_heard.clear()
        else:
            self._all_heard.set()
        if self._conversation.idle_deadline != self._idle_deadline:
            self._idle_changed.set()
        self._outbox += self._conversation.drain_events()
        if self._outbox:
            self._sent.clear()
            self._outgoing.set()
            await self._sent.wait()

    def _generated(self, task: asyncio.Task[None]) -> None:
        self._generating.pop(task.get_name(), None)

    async def _write(self) -> None:
        """Own the sending side, so that a cancelled producer loses no event."""
        while True:
            await self._outgoing.wait()
            self._outgoing.clear()
            while self._outbox:
                await self._socket.send(orjson.dumps(self._outbox.popleft()), text=True)
            self._sent.set()

    async def _watch_session(self) -> None:
        await asyncio.sleep(self._limits.session_s)
        await self._expire()

    async def _expire(self) -> None:
        """End the session as the service does: an `error`, then close code 1001."""
        self._conversation.expire(self._limits.session_s)
        await self._flush()
        minutes = f"{self._limits.session_s / 60:g}"
        await self._socket.close(
            1001, f"Your session hit the maximum duration of {minutes} minutes."
        )

    async def _watch_idle(self) -> None:
        while True:
            self._idle_changed.clear()
            self._idle_deadline = self._conversation.idle_deadline
            try:
                async with asyncio.timeout_at(self._idle_deadline):
                    await self._idle_changed.wait()
            except TimeoutError:
                self._conversation.idle(self._now)
                await self._flush()

    async def _transcribe(self, work: Transcribe) -> None:
        late_s = self._faults.words_delay_s
        text: str | None = None
        async with self._ear_turn:
            try:
                async with asyncio.timeout(_EAR_LIMIT_S):
                    words = await self._peers.ear.hear(work.audio)
            except Exception as error:
                # Whatever an ear raises, the session goes on, as with a failed transcription.
                _log.warning("transcription failed", extra={"error": type(error).__name__})
                self._conversation.unheard(work.item_id)
            else:
                text = words.strip()
                self._conversation.heard(work.item_id, text, self._now, announce=not late_s)
        await self._flush()
        if late_s and text is not None:
            await asyncio.sleep(late_s)
            self._conversation.announce_words(work.item_id, text)
            await self._flush()

    async def _generate(self, response_id: str) -> None:
        self._responses += 1
        number = self._responses
        try:
            if await self._suffer(number):
                return
            await self._all_heard.wait()
            turn = self._conversation.responses.turn(response_id)
            if turn is not None:
                await self._carry_out(response_id, self._peers.mind.respond(turn), number)
        except Exception as error:
            # A mind or a voice may raise anything; the client sees a failed response.
            _log.warning("response failed", extra={"error": type(error).__name__})
            self._conversation.responses.fail(response_id, self._now)
            await self._flush()

    async def _suffer(self, number: int) -> bool:
        """Make happen what is to go wrong at this response; True when the connection ended."""
        faults = self._faults
        if faults.drop_at_response == number:
            self._socket.transport.abort()
        elif faults.close_at_response == number:
            await self._socket.close(1011, "internal error")
        elif faults.expire_at_response == number:
            await self._expire()
        else:
            return False
        return True

    async def _carry_out(
        self, response_id: str, decisions: AsyncIterator[Decision], number: int
    ) -> None:
        first = True
        going = True
        try:
            while going:
                async with asyncio.timeout(_MIND_LIMIT_S):
                    decision = await anext(decisions, None)
                if self._faults.fail_at_response == number:
                    self._conversation.responses.fail(response_id, self._now)
                    going = False
                elif isinstance(decision, Say):
                    going = await self._say(response_id, decision.text, first=first)
                    first = False
                elif isinstance(decision, CallTool):
                    arguments = json.dumps(dict(decision.arguments), ensure_ascii=False)
                    going = self._conversation.responses.call(
                        response_id, decision.name, arguments, self._now
                    )
                else:
                    self._conversation.responses.finish(response_id, self._now)
                    going = False
                await self._flush()
        finally:
            close = getattr(decisions, "aclose", None)
            if close is not None:
                await close()

    async def _say(self, response_id: str, sentence: str, *, first: bool) -> bool:
        """Say a sentence, breath by breath: a voice takes as long for one as it has words."""
        speaks = self._conversation.responses.speaks(response_id)
        going = True
        for text in breaths(sentence) if speaks else [sentence]:
            if going:
                going = await self._say_breath(response_id, text, first=first)
            first = False
        return going

    async def _say_breath(self, response_id: str, text: str, *, first: bool) -> bool:
        audio = b""
        if self._conversation.responses.speaks(response_id):
            async with asyncio.timeout(_VOICE_LIMIT_S):
                audio = await self._peers.voice.speak(text)
            if first:
                await asyncio.sleep(self._faults.first_audio_delay_s)
        going = self._conversation.responses.say(response_id, text, len(audio), self._now)
        await self._flush()
        start = 0
        while going and start < len(audio):
            lasts = _CHUNK_MS if start or not first else _FIRST_CHUNK_MS
            chunk = audio[start : start + lasts * BYTES_PER_MS]
            start += len(chunk)
            going = self._conversation.responses.speak(response_id, chunk, self._now)
            await self._flush()
            self._count(len(chunk))
            await asyncio.sleep(duration_ms(len(chunk)) / 1000 / self._limits.speed)
        return going

    def _count(self, length: int) -> None:
        self._audio_bytes += length
        limit = self._faults.drop_after_audio_ms
        if limit is not None and self._audio_bytes >= limit * BYTES_PER_MS:
            self._socket.transport.abort()
