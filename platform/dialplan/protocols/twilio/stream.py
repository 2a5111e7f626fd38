"""The order rules of one bidirectional media stream, without a socket or a clock.

Frames go in, messages that may be acted on come out; what the rules forbid is ignored and counted
in `ignored`, so that a confused peer costs a number and not the call. The other way round it
writes exactly the three messages that "Sending messages to Twilio" allows.
"""

from __future__ import annotations

from collections import Counter

import orjson

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.messages import (
    Connected,
    Message,
    Start,
    Stop,
    Unknown,
    caller_audio,
    decode,
)

MAX_PAYLOAD_BYTES = 15_996
"""Audio in one outbound media message: under 16 kB, and a multiple of 3 to split base64 at."""

_MAX_PAYLOAD_CHARS = MAX_PAYLOAD_BYTES // 3 * 4

_MOST_REASONS = 20
"""Reasons that are told apart in one stream."""


class Stream:
    """One media stream.

    Attributes:
        start: the accepted `start`, or None before it.
        stopped: whether `stop` was received; nothing comes out after it.
        ignored: how many frames were ignored, by reason; unknown kinds among them.
    """

    def __init__(self) -> None:
        self.start: Start | None = None
        self.stopped = False
        self.ignored: Counter[str] = Counter()
        self._media_prefix = ""
        self._sid_json = ""

    @property
    def stream_sid(self) -> str | None:
        """The stream's SID, once started."""
        return self.start.stream_sid if self.start else None

    def receive_text(self, text: str) -> list[Message]:
        """Take one text frame; return the messages to act on, none or one.

        Raises:
            ProtocolError: the stream's media format is not mu-law, 8000 Hz, mono.
        """
        if self.stopped:
            return self._ignore("after stop")
        try:
            stream_sid, message = decode(text)
        except ProtocolError:
            return self._ignore("malformed")
        if isinstance(message, Unknown):
            self._count_unknown(message.kind)
            return [message]
        if self.start is None:
            return self._before_start(message)
        if isinstance(message, Connected | Start):
            return self._ignore("second start" if isinstance(message, Start) else "late connected")
        if stream_sid != self.start.stream_sid:
            return self._ignore("wrong stream")
        if isinstance(message, Stop):
            self.stopped = True
        return [message]

    def caller_audio(self, text: str) -> bytes | None:
        """Return the mu-law if a text frame is caller audio of this stream that may be acted on.

        None for every other frame, which `receive_text` is for: nothing is counted here.
        """
        if self.start is None or self.stopped:
            return None
        return caller_audio(text, self.start.stream_sid)

    def receive_binary(self, data: bytes) -> list[Message]:
        """Take one binary frame: Twilio never sends any, so it is counted and ignored."""
        return self._ignore("binary")

    def media(self, payload_b64: str) -> list[str]:
        """Return the frames that play base64 mu-law: one, or more when it is over 16 kB."""
        prefix = self._prefix()
        if len(payload_b64) <= _MAX_PAYLOAD_CHARS:
            return [_media_frame(prefix, payload_b64)] if payload_b64 else []
        return [
            _media_frame(prefix, payload_b64[at : at + _MAX_PAYLOAD_CHARS])
            for at in range(0, len(payload_b64), _MAX_PAYLOAD_CHARS)
        ]

    def mark(self, name: str) -> str:
        """Return the frame that asks to be told when everything sent so far was played."""
        self._prefix()
        quoted = orjson.dumps(name).decode()
        return f'{{"event":"mark","streamSid":{self._sid_json},"mark":{{"name":{quoted}}}}}'

    def clear(self) -> str:
        """Return the frame that empties Twilio's buffer; pending marks come back at once."""
        self._prefix()
        return f'{{"event":"clear","streamSid":{self._sid_json}}}'

    def _before_start(self, message: Message) -> list[Message]:
        if isinstance(message, Start):
            _check_format(message)
            self.start = message
            self._sid_json = orjson.dumps(message.stream_sid).decode()
            self._media_prefix = (
                f'{{"event":"media","streamSid":{self._sid_json},"media":{{"payload":'
            )
            return [message]
        if isinstance(message, Connected):
            return [message]
        if isinstance(message, Stop):
            self.stopped = True
            return [message]
        return self._ignore("before start")

    def _prefix(self) -> str:
        if self.start is None:
            raise RuntimeError("nothing can be sent before `start`: its streamSid is needed")
        return self._media_prefix

    def _count_unknown(self, kind: str) -> None:
        known = f"unknown {kind}"
        if known not in self.ignored and len(self.ignored) >= _MOST_REASONS:
            known = "unknown"  # a peer may make up as many kinds as it likes
        self.ignored[known] += 1

    def _ignore(self, reason: str) -> list[Message]:
        self.ignored[reason] += 1
        return []


def _media_frame(prefix: str, payload: str) -> str:
    # Written by orjson although base64 needs no escaping: what a peer gave us stays a JSON string.
    return prefix + orjson.dumps(payload).decode() + "}}"


def _check_format(start: Start) -> None:
    got = (start.encoding, start.sample_rate, start.channels)
    if got != ("audio/x-mulaw", 8000, 1):
        shown = f"{start.encoding[:40]} {start.sample_rate} {start.channels}"
        raise ProtocolError(
            f"expected mediaFormat `audio/x-mulaw 8000 1`, got `{shown}`: "
            "remove `audioFormat` and `sampleRate` from `<Stream>`"
        )
