"""The state machine of one Realtime session: frames and decisions in, events and work out.

It follows the Realtime API reference (client events, server events) for the WebSocket. It does no
I/O, has no clock and draws no randomness: time (seconds, monotonic) and ids are given to it. After
every call the owner sends `drain_events()` and starts `drain_work()`.

One thing differs from the real service, which hears audio: a mind needs words. So the response to a
spoken turn is created when the ear is done with it, just before its transcription is announced. An
utterance without words is committed and transcribed as empty, and gets no response, because a mind
that only reads could not answer it. It does get one when it had cut a response off, since the
caller would otherwise hear nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from openai.types.realtime import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    OutputAudioBufferClearEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)

from dialplan.emulators.openai import client_events, events
from dialplan.emulators.openai.audio import BYTES_PER_MS, duration_ms
from dialplan.emulators.openai.client_events import ClientEvent, Frame
from dialplan.emulators.openai.client_items import decode_base64, from_wire
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.events import Event
from dialplan.emulators.openai.input_audio import InputAudio, SpeechBegan, SpeechEnded
from dialplan.emulators.openai.items import (
    HeardPart,
    Item,
    ItemList,
    MessageItem,
    OutputItem,
    SpokenPart,
)
from dialplan.emulators.openai.mind import Turn
from dialplan.emulators.openai.planning import plan_response
from dialplan.emulators.openai.rate_limits import RateLimits
from dialplan.emulators.openai.reading import Reader
from dialplan.emulators.openai.response import (
    Cancelled,
    Completed,
    CutReason,
    Failed,
    Plan,
    Response,
)
from dialplan.emulators.openai.session import SessionConfig
from dialplan.emulators.openai.work import Abandon, Generate, Transcribe, Work
from dialplan.emulators.speech.ports import DetectorFactory

_PARALLEL_RESPONSES: Final = 16


class Conversation:
    """One session."""

    def __init__(
        self,
        *,
        config: SessionConfig,
        session_id: str,
        detectors: DetectorFactory,
        new_id: Callable[[str], str],
    ) -> None:
        self._config = config
        self._reader = Reader(session_id)
        self._new_id = new_id
        self._id = new_id("conv")
        self._items = ItemList()
        self._input = InputAudio(detectors, new_id)
        self._input.configure(config.turn_detection, config.input_format)
        self._limits = RateLimits()
        self._responses: dict[str, Response] = {}
        self._hearing: dict[str, bool] = {}
        self._interrupted_by: str | None = None
        self._has_spoken = False
        self._playing_until = 0.0
        self._quiet_since: float | None = None
        self._events: list[Event] = []
        self._work: list[Work] = []
        self._emit(events.session_created(config.wire()))
        self._emit(events.conversation_created(self._id))

    # What the owner takes out

    def drain_events(self) -> list[Event]:
        """Return the events to send, oldest first, and forget them."""
        drained, self._events = self._events, []
        return drained

    def drain_work(self) -> list[Work]:
        """Return the work to start, oldest first, and forget it."""
        drained, self._work = self._work, []
        return drained

    @property
    def unheard_count(self) -> int:
        """How many utterances are still with the ear."""
        return len(self._hearing)

    @property
    def idle_deadline(self) -> float | None:
        """When to call `idle`, in seconds, if nothing happens before."""
        detection = self._config.turn_detection
        if (
            detection is None
            or detection.idle_timeout_ms is None
            or self._quiet_since is None
            or self._active is not None
            or self._input.speaking
            or self._hearing
        ):
            return None
        return max(self._quiet_since, self._playing_until) + detection.idle_timeout_ms / 1000

    # What the client sends

    def receive(self, data: str | bytes, now: float) -> None:
        """Take one frame; whatever is wrong with it becomes an `error` event."""
        event_id = None
        try:
            frame = client_events.read(data)
            event_id = frame.event_id
            self._handle(client_events.parse(frame), frame, now)
        except ClientEventError as refused:
            self._emit(events.error(refused.code, refused.message, refused.param, event_id))

    def _handle(self, event: ClientEvent, frame: Frame, now: float) -> None:
        match event:
            case InputAudioBufferAppendEvent():
                self._append(decode_base64(event.audio), now)
            case InputAudioBufferCommitEvent():
                item_id, audio = self._input.take()
                self._commit(item_id, audio, respond=False)
            case InputAudioBufferClearEvent():
                self._input.clear()
                self._emit(events.buffer_cleared())
            case OutputAudioBufferClearEvent():
                raise ClientEventError(
                    "invalid_value",
                    "output_audio_buffer.clear is for WebRTC and SIP connections only.",
                    "type",
                )
            case SessionUpdateEvent():
                self._config.update(frame.payload["session"], has_spoken=self._has_spoken)
                self._input.configure(self._config.turn_detection, self._config.input_format)
                self._emit(events.session_updated(self._config.wire()))
            case ConversationItemCreateEvent():
                self._create_item(frame.payload["item"], event.previous_item_id)
            case ConversationItemRetrieveEvent():
                self._emit(events.item_retrieved(self._with_audio(event.item_id)))
            case ConversationItemDeleteEvent():
                self._items.remove(self._named(event.item_id, "delete"))
                self._emit(events.item_deleted(event.item_id))
            case ConversationItemTruncateEvent():
                self._truncate(event.item_id, event.content_index, event.audio_end_ms, now)
            case ResponseCreateEvent():
                self._create_response(frame.payload.get("response") or {}, now)
            case ResponseCancelEvent():
                self._cancel(event.response_id, now)
            case _:
                assert_never(event)

    def _append(self, data: bytes, now: float) -> None:
        for found in self._input.append(data):
            match found:
                case SpeechBegan():
                    self._emit(events.speech_started(found.item_id, found.audio_start_ms))
                    detection = self._config.turn_detection
                    if detection is not None and detection.interrupt_response:
                        self._interrupt(found.item_id, now)
                case SpeechEnded():
                    self._emit(events.speech_stopped(found.item_id, found.audio_end_ms))
                    detection = self._config.turn_detection
                    respond = detection is not None and detection.create_response
                    self._commit(found.item_id, found.audio, respond=respond)
                case _:
                    assert_never(found)

    def _commit(self, item_id: str, audio: bytes, *, respond: bool, silence: bool = False) -> None:
        previous = self._items.last_id
        item = MessageItem(item_id, "user", [HeardPart(audio)], silence=silence)
        self._emit(events.buffer_committed(item_id, previous))
        self._add(item, None)
        if not silence:
            self._hearing[item_id] = respond
            self._work.append(Transcribe(item_id, audio))

    def _create_item(self, raw: Mapping[str, Any], previous_item_id: str | None) -> None:
        item = from_wire(raw, self._new_id("item"), self._config.input_format)
        if isinstance(item, OutputItem) and not self._items.called(item.call_id):
            raise ClientEventError(
                "invalid_tool_call_id",
                f"Tool call ID '{item.call_id}' not found in conversation.",
                "item.call_id",
            )
        self._add(item, previous_item_id)
        if isinstance(item, MessageItem):
            for part in item.parts:
                if isinstance(part, HeardPart):
                    self._hearing[item.id] = False
                    self._work.append(Transcribe(item.id, part.audio))

    def _add(self, item: Item, previous_item_id: str | None) -> None:
        self._items.insert(item, previous_item_id)
        previous = self._items.before(item.id)
        self._emit(events.item_added(item.wire(), previous))
        self._emit(events.item_done(item.wire(), previous))

    def _named(self, item_id: str, action: str) -> Item:
        item = self._items.find(item_id)
        if item is None:
            raise ClientEventError(
                f"item_{action}_invalid_item_id",
                f"Error: the item with id '{item_id}' does not exist.",
                "item_id",
            )
        return item

    def _with_audio(self, item_id: str) -> Mapping[str, Any]:
        item = self._named(item_id, "retrieve")
        spoken = isinstance(item, MessageItem) and item.role == "assistant"
        return item.wire(self._config.output_format if spoken else self._config.input_format)

    def _truncate(self, item_id: str, content_index: int, audio_end_ms: int, now: float) -> None:
        item = self._named(item_id, "truncate")
        parts = item.parts if isinstance(item, MessageItem) else []
        if not 0 <= content_index < max(1, len(parts)):
            raise ClientEventError(
                "invalid_value",
                f"Invalid 'content_index': the item has no content at {content_index}.",
                "content_index",
            )
        part = parts[content_index] if parts else None
        if not isinstance(part, SpokenPart):
            raise ClientEventError(
                "unsupported_content_type", "Only model output audio messages can be truncated."
            )
        part.truncate(audio_end_ms)
        self._playing_until = min(self._playing_until, now)
        self._emit(events.item_truncated(item_id, content_index, audio_end_ms))

    # Responses

    @property
    def _active(self) -> Response | None:
        """The one response that writes to the default conversation."""
        return next((r for r in self._responses.values() if r.in_conversation), None)

    def _create_response(self, raw: Mapping[str, Any], now: float) -> None:
        self._start(self._plan(raw), now)

    def _plan(self, raw: Mapping[str, Any]) -> Plan:
        return plan_response(
            raw,
            self._config,
            conversation_id=self._id,
            has_spoken=self._has_spoken,
            find=self._items.find,
            new_id=self._new_id,
        )

    def _start(self, plan: Plan, now: float) -> None:
        active = self._active
        if plan.conversation_id is not None and active is not None:
            raise ClientEventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {active.id}. "
                "Wait until the response is finished before creating a new one.",
            )
        if len(self._responses) >= _PARALLEL_RESPONSES:
            raise ClientEventError(
                "too_many_responses",
                f"At most {_PARALLEL_RESPONSES} responses can be in progress.",
            )
        response = Response(self._new_id("resp"), plan, self._items, self._emit, self._new_id)
        self._responses[response.id] = response
        response.open()
        self._emit(events.rate_limits_updated(self._limits.wire(now)))
        self._work.append(Generate(response.id))

    def _cancel(self, response_id: str | None, now: float) -> None:
        found = self._responses.get(response_id) if response_id else self._active
        if found is None:
            raise ClientEventError(
                "response_cancel_not_active", "Cancellation failed: no active response found"
            )
        self._end(found, "client_cancelled", now)

    def _interrupt(self, item_id: str, now: float) -> None:
        if self._active is not None:
            self._end(self._active, "turn_detected", now)
            self._interrupted_by = item_id

    def _end(self, response: Response, reason: CutReason, now: float) -> None:
        response.close(Cancelled(reason))
        self._work.append(Abandon(response.id))
        self._settle(response, now)

    def _settle(self, response: Response, now: float) -> None:
        """Forget a response that has closed."""
        if response.closed and self._responses.pop(response.id, None) is not None:
            self._limits.spend(response.read.total + response.written.total, now)
            if response.in_conversation:
                self._quiet_since = now

    # What the ear and the mind report

    def heard(self, item_id: str, text: str, now: float) -> None:
        """The utterance of this item was `text`; empty when it held no words."""
        respond = self._hearing.pop(item_id, False)
        item = self._items.find(item_id)
        if not isinstance(item, MessageItem):
            return
        part = next(part for part in item.parts if isinstance(part, HeardPart))
        part.heard = text
        item.silence = not text and item_id == self._interrupted_by
        if not text:
            self._quiet_since = now if self._quiet_since is not None else None
        # A caller who goes on talking is not answered yet: created now, the response would be
        # interrupted by the speech that is already under way.
        if respond and (text or item.silence) and not self._interrupting:
            self._answer(now)
        if self._config.transcribes:
            part.transcript = text
            if text:
                self._emit(events.transcription_delta(item_id, text))
            seconds = round(duration_ms(len(part.audio)) / 1000, 3)
            self._emit(events.transcription_completed(item_id, text, seconds))

    def _answer(self, now: float) -> None:
        """Respond to a spoken turn, unless a response that will read it is waiting already."""
        active = self._active
        if active is None or active.asked:
            try:
                self._start(self._plan({}), now)
            except ClientEventError as refused:
                self._emit(events.error(refused.code, refused.message, refused.param, None))

    def unheard(self, item_id: str) -> None:
        """The ear failed on this item, which stays without words."""
        self._hearing.pop(item_id, None)
        if self._config.transcribes and self._items.find(item_id) is not None:
            self._emit(events.transcription_failed(item_id))

    @property
    def _interrupting(self) -> bool:
        detection = self._config.turn_detection
        return self._input.speaking and detection is not None and detection.interrupt_response

    def turn(self, response_id: str) -> Turn | None:
        """Return what the mind may know for this response; None when it is over."""
        response = self._responses.get(response_id)
        return None if response is None else self._reader.read(response, self._config)

    def speaks(self, response_id: str) -> bool:
        """Whether this response is in progress and wants audio."""
        response = self._responses.get(response_id)
        return response is not None and response.plan.speaks

    def say(self, response_id: str, text: str, length: int, now: float) -> bool:
        """Announce a sentence of `length` mu-law bytes; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.say(text, length)
            self._settle(response, now)
        return response_id in self._responses

    def speak(self, response_id: str, chunk: bytes, now: float) -> bool:
        """Send mu-law audio of the last sentence; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.speak(chunk)
            self._has_spoken = True
            if response.in_conversation:
                lasts = len(chunk) / BYTES_PER_MS / 1000
                self._playing_until = max(self._playing_until, now) + lasts
            self._settle(response, now)
        return response_id in self._responses

    def call(self, response_id: str, name: str, arguments: str, now: float) -> bool:
        """Make a function call; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.call(name, arguments)
            self._settle(response, now)
        return response_id in self._responses

    def finish(self, response_id: str, now: float) -> None:
        """The mind has nothing to add."""
        response = self._responses.get(response_id)
        if response is not None:
            response.close(Completed())
            self._settle(response, now)

    def fail(self, response_id: str, now: float, *, code: str | None = None) -> None:
        """The response cannot go on."""
        response = self._responses.get(response_id)
        if response is not None:
            message = "The server had an error while processing your request."
            response.close(Failed(code, message))
            self._settle(response, now)

    def idle(self, now: float) -> None:
        """The idle timeout passed: commit the silence and respond to it."""
        deadline = self.idle_deadline
        detection = self._config.turn_detection
        if deadline is None or now < deadline or detection is None:
            return
        end = self._input.position_ms
        item_id = self._new_id("item")
        start = max(0, end - (detection.idle_timeout_ms or 0))
        self._emit(events.timeout_triggered(item_id, start, end))
        self._commit(item_id, b"", respond=True, silence=True)
        self._start(self._plan({}), now)

    def expire(self, limit_s: float) -> None:
        """The session hit its maximum duration."""
        minutes = f"{limit_s / 60:g}"
        self._emit(
            events.error(
                "session_expired",
                f"Your session hit the maximum duration of {minutes} minutes.",
                None,
                None,
            )
        )

    def _emit(self, event: Event) -> None:
        self._events.append({"event_id": self._new_id("event"), **event})
