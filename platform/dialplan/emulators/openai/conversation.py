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
from typing import Any, assert_never

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
from dialplan.emulators.openai.audio import duration_ms
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
from dialplan.emulators.openai.reading import Reader
from dialplan.emulators.openai.responses import Responses
from dialplan.emulators.openai.session import SessionConfig
from dialplan.emulators.openai.work import Transcribe, Work
from dialplan.emulators.speech.ports import DetectorFactory


class Conversation:
    """One session.

    Attributes:
        responses: those in progress, for whoever generates them.
    """

    def __init__(
        self,
        *,
        config: SessionConfig,
        session_id: str,
        detectors: DetectorFactory,
        new_id: Callable[[str], str],
    ) -> None:
        self._config = config
        self._new_id = new_id
        self._id = new_id("conv")
        self._items = ItemList()
        self._input = InputAudio(detectors, new_id)
        self._input.configure(config.turn_detection, config.input_format)
        self._hearing: dict[str, bool] = {}
        self._interrupted_by: str | None = None
        self._events: list[Event] = []
        self._work: list[Work] = []
        self.responses = Responses(
            Reader(session_id),
            config,
            self._id,
            self._items,
            emit=self._emit,
            want=self._want,
            new_id=new_id,
        )
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
            or self.responses.quiet_since is None
            or self.responses.active is not None
            or self._input.speaking
            or self._hearing
        ):
            return None
        silent_since = max(self.responses.quiet_since, self.responses.playing_until)
        return silent_since + detection.idle_timeout_ms / 1000

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
                spoken = self.responses.has_spoken
                self._config.update(frame.payload["session"], has_spoken=spoken)
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
                self.responses.create(frame.payload.get("response") or {}, now)
            case ResponseCancelEvent():
                self.responses.cancel(event.response_id, now)
            case _:
                assert_never(event)

    def _append(self, data: bytes, now: float) -> None:
        for found in self._input.append(data):
            match found:
                case SpeechBegan():
                    self._emit(events.speech_started(found.item_id, found.audio_start_ms))
                    detection = self._config.turn_detection
                    interrupts = detection is not None and detection.interrupt_response
                    if interrupts and self.responses.interrupt(now):
                        self._interrupted_by = found.item_id
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
            self._want(Transcribe(item_id, audio))

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
                    self._want(Transcribe(item.id, part.audio))

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
        self.responses.playing_until = min(self.responses.playing_until, now)
        self._emit(events.item_truncated(item_id, content_index, audio_end_ms))

    # What the ear and the mind report

    def heard(self, item_id: str, text: str, now: float, *, announce: bool = True) -> None:
        """The utterance of this item was `text`; empty when it held no words.

        Without `announce` the client is not told yet, but by `announce_words`.
        """
        respond = self._hearing.pop(item_id, False)
        item = self._items.find(item_id)
        if not isinstance(item, MessageItem):
            return
        part = next(part for part in item.parts if isinstance(part, HeardPart))
        part.heard = text
        item.silence = not text and item_id == self._interrupted_by
        if not text and self.responses.quiet_since is not None:
            self.responses.quiet_since = now
        # A caller who goes on talking is not answered yet: created now, the response would be
        # interrupted by the speech that is already under way.
        if respond and (text or item.silence) and not self._interrupting:
            self.responses.answer(now)
        if announce:
            self.announce_words(item_id, text)

    def announce_words(self, item_id: str, text: str) -> None:
        """Tell the client the words of an utterance; of an item that is gone there are none."""
        item = self._items.find(item_id)
        if not isinstance(item, MessageItem) or not self._config.transcribes:
            return
        part = next(part for part in item.parts if isinstance(part, HeardPart))
        part.transcript = text
        if text:
            self._emit(events.transcription_delta(item_id, text))
        seconds = round(duration_ms(len(part.audio)) / 1000, 3)
        self._emit(events.transcription_completed(item_id, text, seconds))

    def unheard(self, item_id: str) -> None:
        """The ear failed on this item, which stays without words."""
        self._hearing.pop(item_id, None)
        if self._config.transcribes and self._items.find(item_id) is not None:
            self._emit(events.transcription_failed(item_id))

    @property
    def _interrupting(self) -> bool:
        detection = self._config.turn_detection
        return self._input.speaking and detection is not None and detection.interrupt_response

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
        self.responses.create({}, now)

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

    def _want(self, work: Work) -> None:
        self._work.append(work)

    def _emit(self, event: Event) -> None:
        self._events.append({"event_id": self._new_id("event"), **event})
