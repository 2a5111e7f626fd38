"""The Realtime API's end of one call: the session's protocol, without thinking or hearing.

Rare events come from the builders of the emulated Realtime API; audio deltas are cut from one of
theirs and filled in, since there are thousands a second. What is said when is a script's.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from time import perf_counter, time
from typing import Any, Final

import orjson
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from dialplan.emulators.bench.call import Call, Recorder
from dialplan.emulators.bench.pacer import Pacer
from dialplan.emulators.bench.script import MakeScript, Script
from dialplan.emulators.openai import events
from dialplan.emulators.openai.client_items import from_wire
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.events import Event, Place
from dialplan.emulators.openai.items import (
    HeardPart,
    Item,
    ItemList,
    MessageItem,
    OutputItem,
    SpokenPart,
)
from dialplan.emulators.openai.planning import plan_response
from dialplan.emulators.openai.rate_limits import RateLimits
from dialplan.emulators.openai.response import Cancelled, Completed, CutReason, Response
from dialplan.emulators.openai.session import SessionConfig

APPEND: Final = b'{"type":"input_audio_buffer.append","audio":"'
_CALLER: Final = re.compile(r"\+1555\d{7}")
_WORDS: Final = "Certainly, I can help you with that, and it will not take very long.".split()
TRANSCRIPT_S: Final = 0.3
"""Of speech in one transcript delta: some three tokens a second, as people talk."""
SESSION_S: Final = 3600


class DeltaWriter:
    """Writes the audio deltas of one item."""

    def __init__(self, place: Place, event_id: Callable[[], str]) -> None:
        pattern = orjson.dumps({"event_id": "<>", **events.audio_delta(place, "")})
        self._head, _, self._middle = pattern.removesuffix(b'"}').partition(b"<>")
        self._event_id = event_id

    def write(self, audio: bytes) -> bytes:
        """Return the event that carries mu-law audio."""
        event_id = self._event_id().encode()
        return self._head + event_id + self._middle + b64encode(audio) + b'"}'


class ModelEnd(WSListener):
    """The model's socket of one call."""

    def __init__(
        self,
        find: Callable[[str], Call | None],
        make_script: MakeScript,
        pacer: Pacer,
        note: Recorder,
        *,
        model: str,
        name: int,
    ) -> None:
        self._find = find
        self._make_script = make_script
        self._pacer = pacer
        self._note = note
        self._name = name
        self._count = 0
        self._transport: WSTransport | None = None
        self._items = ItemList()
        self._limits = RateLimits()
        self._config = SessionConfig(
            session_id=self._new_id("sess"), model=model, expires_at=int(time()) + SESSION_S
        )
        self._conversation_id = self._new_id("conv")
        self._script: Script | None = None
        self._call: Call | None = None
        self._response: Response | None = None
        self._deltas: DeltaWriter | None = None
        self._left = 0
        self._speed = 1.0
        self._due = 0.0
        self._words_due = 0.0
        self._spoken = 0
        self._utterance = ""

    # -- the socket -----------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Open the session."""
        self._transport = transport
        self._emit(events.session_created(self._config.wire()))
        self._emit(events.conversation_created(self._conversation_id))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one client event; audio by the shortest way."""
        now = perf_counter()
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
            return
        if frame.msg_type != WSMsgType.TEXT or not frame.fin:
            self._note.fault("model: not a whole text frame")
            return
        data = frame.get_payload_as_bytes()
        if data.startswith(APPEND) and data.endswith(b'"}'):
            self._hear(data[len(APPEND) : -2], now)
            return
        event = orjson.loads(data)
        if event["type"] == "input_audio_buffer.append":
            self._hear(event["audio"], now)
            return
        try:
            self._take(event)
        except ClientEventError as error:
            self._note.fault(f"model: {error.code}")
            event_id = event.get("event_id")
            self._emit(events.error(error.code, error.message, error.param, event_id))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Stop talking."""
        self._transport = None
        self._response = None

    def _hear(self, payload: bytes | str, now: float) -> None:
        try:
            audio = a2b_base64(payload)
        except NotBase64:
            self._note.fault("model: audio is not base64")
            return
        if self._call is None:
            self._note.fault("model: audio before the session was configured")
        else:
            self._call.arrived_up(audio, now)

    # -- client events ----------------------------------------------------------------------------

    def _take(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "session.update":
                self._update(event["session"])
            case "conversation.item.create":
                self._create(event["item"], event.get("previous_item_id"))
            case "conversation.item.truncate":
                item_id = event["item_id"]
                index, end_ms = event["content_index"], event["audio_end_ms"]
                self._emit(events.item_truncated(item_id, index, end_ms))
            case "conversation.item.delete":
                item = self._items.find(event["item_id"])
                if item is not None:
                    self._items.remove(item)
                self._emit(events.item_deleted(event["item_id"]))
            case "response.create":
                if self._response is not None:
                    raise ClientEventError(
                        "conversation_already_has_active_response",
                        "Conversation already has an active response in progress.",
                    )
                if self._script is not None:
                    self._script.asked(event.get("response") or {})
            case "response.cancel":
                self.cut("client_cancelled")
            case kind:
                self._note.fault(f"model: event `{str(kind)[:40]}`")

    def _update(self, session: Mapping[str, Any]) -> None:
        self._config.update(session, has_spoken=self._spoken > 0)
        self._emit(events.session_updated(self._config.wire()))
        if self._call is None:
            found = _CALLER.search(self._config.instructions)
            self._call = self._find(found.group()) if found else None
            if self._call is None:
                self._note.fault("model: a session of an unknown call")
                return
            self._script = self._make_script(self, self._call)

    def _create(self, raw: Mapping[str, Any], previous: str | None) -> None:
        item = from_wire(raw, self._new_id("item"), self._config.input_format)
        self._add(item, previous)
        if isinstance(item, OutputItem) and self._script is not None:
            self._script.tool_answered(item.output)

    # -- what a script has done -------------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether a response is open."""
        return self._response is not None

    @property
    def tools(self) -> list[str]:
        """The names of the tools that the session has now."""
        return [str(tool["name"]) for tool in self._config.tools]

    @property
    def due(self) -> float:
        """When the next delta is due, in the pacer's time."""
        return self._due

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do something later, unless the socket is gone by then."""

        def there() -> None:
            if self._transport is not None and self._call is not None and self._call.talking:
                do()

        self._pacer.at(when, there)

    def speak(self, raw: Mapping[str, Any], seconds: float, *, first: float, speed: float) -> None:
        """Answer with speech; its first delta is due at `first`, `speed` is times real time."""
        call = self._call
        if call is None or self._transport is None:
            return
        response = self._open(raw)
        self._words_due = 0.0
        self._left = max(1, round(seconds * 1000 / call.delta_ms))
        self._speed = speed
        response.say(self._word(), 0)
        place = Place(response.id, response.output[0].id, 0)
        self._deltas = DeltaWriter(place, lambda: self._new_id("event"))
        self._due = first
        self._pacer.at(first, lambda: self._tick(response))

    def call_tool(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Answer with a function call."""
        response = self._open({})
        response.call(name, orjson.dumps(arguments).decode())
        self._response = None
        response.close(Completed())

    def caller_begins(self) -> None:
        """Report that the caller speaks; what is being said is cut off."""
        self._utterance = self._new_id("item")
        heard_ms = len(self._call.up_sent) * 20 if self._call else 0
        self._emit(events.speech_started(self._utterance, heard_ms))
        self.cut("turn_detected")

    def caller_ends(self, words: str, seconds: float) -> None:
        """Report the end of the caller's turn, and what was said."""
        item_id = self._utterance
        heard_ms = len(self._call.up_sent) * 20 if self._call else 0
        self._emit(events.speech_stopped(item_id, heard_ms))
        self._emit(events.buffer_committed(item_id, self._items.last_id))
        self._add(MessageItem(item_id, "user", [HeardPart(b"")]), None)
        self._emit(events.transcription_delta(item_id, words))
        self._emit(events.transcription_completed(item_id, words, seconds))

    def cut(self, reason: CutReason) -> None:
        """End the open response before its end."""
        response, self._response = self._response, None
        if response is not None:
            response.close(Cancelled(reason))

    def _add(self, item: Item, previous: str | None) -> None:
        self._items.insert(item, previous)
        before = self._items.before(item.id)
        self._emit(events.item_added(item.wire(), before))
        self._emit(events.item_done(item.wire(), before))

    # -- responses --------------------------------------------------------------------------------

    def _open(self, raw: Mapping[str, Any]) -> Response:
        plan = plan_response(
            raw,
            self._config,
            conversation_id=self._conversation_id,
            has_spoken=self._spoken > 0,
            find=self._items.find,
            new_id=self._new_id,
        )
        response = Response(
            self._new_id("resp"), plan, self._items, emit=self._emit, new_id=self._new_id
        )
        self._response = response
        response.open()
        self._emit(events.rate_limits_updated(self._limits.wire(perf_counter())))
        return response

    def _tick(self, response: Response) -> None:
        """Send one delta of the response, and its last events after the last."""
        call, transport = self._call, self._transport
        if self._response is not response or call is None or transport is None or not call.talking:
            return
        assert self._deltas is not None  # noqa: S101 - set with the response
        number = len(call.down_sent)
        frame = self._deltas.write(call.down_sound.unit(number))
        call.down_sent.append(perf_counter())
        transport.send(WSMsgType.TEXT, frame)
        self._spoken += 1
        step = call.delta_ms / 1000
        self._words_due += step
        if self._words_due >= TRANSCRIPT_S:
            self._words_due -= TRANSCRIPT_S
            response.say(self._word(), 0)
        self._due += step / self._speed
        self._left -= 1
        if self._left:
            self._pacer.at(self._due, lambda: self._tick(response))
        else:
            self._finish(response)

    def _finish(self, response: Response) -> None:
        self._response = None
        message = response.output[0]
        if isinstance(message, MessageItem) and isinstance(message.parts[0], SpokenPart):
            # For the tokens in `response.done`.
            message.parts[0].sent = self._spoken * (self._call.down_sound.size if self._call else 0)
        response.close(Completed())
        if self._script is not None:
            self._script.finished()

    def _word(self) -> str:
        return _WORDS[self._spoken % len(_WORDS)]

    def _new_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._name:06x}{self._count:012x}"

    def _emit(self, event: Event) -> None:
        if self._transport is not None:
            frame = orjson.dumps({"event_id": self._new_id("event"), **event})
            self._transport.send(WSMsgType.TEXT, frame)
