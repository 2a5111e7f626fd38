"""`<Record>`: the caller leaves a message."""

from __future__ import annotations

import asyncio
import math
from array import array

from dialplan.emulators.twilio.call import LiveCall, Script
from dialplan.emulators.twilio.caller import is_speech
from dialplan.emulators.twilio.documents import Verb
from dialplan.emulators.twilio.record import RecordingTaken
from dialplan.protocols.audio import FRAME_MS, duration_ms, encode

SILENCE_S = 5
MAX_LENGTH_S = 3600
FINISH_KEYS = "1234567890*#"


class _Recorder:
    """Taps the line until the caller is silent, presses a key, or has said enough."""

    def __init__(self, silence_ms: int, longest_ms: int, keys: str) -> None:
        self.audio = bytearray()
        self.speech_until = 0
        self.digits = ""
        self.over = asyncio.Event()
        self._silence_ms = silence_ms
        self._longest_ms = longest_ms
        self._keys = keys

    def spoke(self, frame: bytes, now_ms: int) -> None:
        self.audio += frame
        if is_speech(frame):
            self.speech_until = len(self.audio)
        length = duration_ms(len(self.audio))
        silent = length - duration_ms(self.speech_until)
        if silent >= self._silence_ms or length + FRAME_MS > self._longest_ms:
            self.over.set()

    def pressed(self, digit: str) -> None:
        if digit in self._keys:
            self.digits = digit
            self.over.set()

    def played(self, marks: tuple[str, ...]) -> None:
        """Nothing: no stream, no marks."""


async def record(call: LiveCall, verb: Verb, script: Script) -> Script | None:
    """Record; then ask `action` (by default the current URL). An empty recording goes on."""
    line = call.answer()
    if verb.attributes.get("playBeep", "true") == "true":
        await line.play(_beep())
    recorder = _Recorder(
        _number(verb, "timeout", SILENCE_S) * 1000,
        _number(verb, "maxLength", MAX_LENGTH_S) * 1000,
        verb.attributes.get("finishOnKey", FINISH_KEYS),
    )
    action = verb.attributes.get("action", script.url)
    line.tap = recorder
    try:
        await recorder.over.wait()
    except asyncio.CancelledError:
        # The caller hung up, as people do who leave a message: it is kept, and `action` told.
        extra = _keep(call, verb, script, recorder)
        if extra and call.record.ended_by == "caller":
            hung_up = {**extra, "Digits": "hangup", "CallStatus": "completed"}
            call.tasks.create_task(call.report(action, hung_up, base=script.url))
        raise
    finally:
        line.tap = None
    extra = _keep(call, verb, script, recorder)
    if not extra:
        return None
    method = verb.attributes.get("method", "POST").upper()
    return await call.fetch(
        action, {**extra, "Digits": recorder.digits}, base=script.url, method=method
    )


def _keep(call: LiveCall, verb: Verb, script: Script, recorder: _Recorder) -> dict[str, str]:
    """Store the recording, silence trimmed; return what `action` is told, nothing if empty."""
    audio = bytes(recorder.audio[: recorder.speech_until])
    if not audio:
        return {}
    exchange = call.exchange
    taken = RecordingTaken(exchange.new_sid("RE"), call.record.call_sid, audio)
    call.record.recordings.append(taken)
    exchange.recordings[taken.sid] = taken
    seconds = str(max(1, round(duration_ms(len(audio)) / 1000)))
    path = f"/2010-04-01/Accounts/{exchange.account_sid}/Recordings/{taken.sid}"
    extra = {
        "RecordingUrl": exchange.rest_url + path,
        "RecordingSid": taken.sid,
        "RecordingDuration": seconds,
    }
    if callback := verb.attributes.get("recordingStatusCallback"):
        status = {
            **extra,
            "RecordingStatus": "completed",
            "RecordingChannels": "1",
            "RecordingSource": "RecordVerb",
            "RecordingTrack": "inbound",
            "ErrorCode": "0",
        }
        call.tasks.create_task(call.report(callback, status, base=script.url))
    return extra


def _beep() -> bytes:
    """Return half a second of 1000 Hz."""
    wave = (math.sin(2 * math.pi * 1000 * at / 8000) for at in range(4000))
    return encode(array("h", [int(8000 * value) for value in wave]).tobytes())


def _number(verb: Verb, name: str, default: int) -> int:
    value = verb.attributes.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else default
