"""Twilio's end of a media stream's messages, without a socket.

Written after "Media Streams - WebSocket Messages" and captures of the real service, and on purpose
not with the codec of `dialplan.protocols.twilio`: two ends that share a mistake would agree.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

FIRST_TIMESTAMP_MS = 155
"""Where real streams were seen to begin; never at 0."""


class Writer:
    """Numbers and writes the messages of one stream.

    Args:
        stream_sid: `MZ...`.
        call_sid: `CA...`.
        account_sid: `AC...`.
        parameters: the `<Parameter>` elements.
        jitter_ms: gives a few milliseconds, positive or negative, for each timestamp.
    """

    def __init__(
        self,
        *,
        stream_sid: str,
        call_sid: str,
        account_sid: str,
        parameters: Mapping[str, str],
        jitter_ms: Callable[[], int],
    ) -> None:
        self._stream_sid = stream_sid
        self._call_sid = call_sid
        self._account_sid = account_sid
        self._parameters = dict(parameters)
        self._jitter_ms = jitter_ms
        self._sequence = 0
        self._chunk = 0

    def connected(self) -> str:
        """Return the first message of all; it has no number and no stream."""
        return '{"event":"connected","protocol":"Call","version":"1.0.0"}'

    def start(self) -> str:
        """Return the description of the stream."""
        return self._write(
            "start",
            {
                "accountSid": self._account_sid,
                "streamSid": self._stream_sid,
                "callSid": self._call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": self._parameters,
            },
        )

    def media(self, audio: bytes, elapsed_ms: int) -> str:
        """Return caller audio, `elapsed_ms` after the first frame."""
        self._chunk += 1
        jitter = self._jitter_ms() if self._chunk > 1 else 0
        self._sequence += 1
        # Written by hand: 50 of these a second and call, and nothing in them needs escaping.
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{FIRST_TIMESTAMP_MS + elapsed_ms + jitter}",'
            f'"payload":"{b64encode(audio).decode()}"}},"streamSid":"{self._stream_sid}"}}'
        )

    def mark(self, name: str) -> str:
        """Return a mark of the server's."""
        return self._write("mark", {"name": name})

    def dtmf(self, digit: str) -> str:
        """Return a key press of the caller's."""
        return self._write("dtmf", {"track": "inbound_track", "digit": digit})

    def stop(self) -> str:
        """Return the last message."""
        return self._write("stop", {"accountSid": self._account_sid, "callSid": self._call_sid})

    def _write(self, event: str, body: Mapping[str, Any]) -> str:
        self._sequence += 1
        return orjson.dumps(
            {
                "event": event,
                "sequenceNumber": str(self._sequence),
                event: body,
                "streamSid": self._stream_sid,
            }
        ).decode()


@dataclass(frozen=True, slots=True)
class PlayAudio:
    """The server wants mu-law played."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class QueueMark:
    """The server wants to know when it has been."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """The server wants the buffer empty."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A message that is ignored, and logged once a stream (31951)."""

    message: str


def read(text: str, stream_sid: str) -> PlayAudio | QueueMark | ClearAudio | Fault:
    """Return what the server asks. A missing or an extra field is a fault, as documented."""
    try:
        frame = orjson.loads(text)
    except ValueError:
        return Fault("message is not JSON")
    if not isinstance(frame, dict):
        return Fault("message is not a JSON object")
    if frame.get("streamSid") != stream_sid:
        return Fault("message has no streamSid, or that of another stream")
    match frame:
        case {"event": "media", "media": {"payload": str(payload)}} if _exact(frame, "media", 1):
            try:
                return PlayAudio(b64decode(payload, validate=True))
            except ValueError:
                return Fault("payload of `media` is not base64")
        case {"event": "mark", "mark": {"name": str(name)}} if _exact(frame, "mark", 1):
            return QueueMark(name)
        case {"event": "clear"} if len(frame) == 2:
            return ClearAudio()
        case {"event": "media" | "mark" | "clear" as event}:
            return Fault(f"`{event}` has a missing, an extra or a mistyped field")
        case _:
            return Fault("event is not one of `media`, `mark`, `clear`")


def _exact(frame: Mapping[str, Any], part: str, fields: int) -> bool:
    return len(frame) == 3 and len(frame[part]) == fields
