"""What each TwiML verb does to an emulated call.

Followed: Say, Play (files), Pause, Connect/Stream, Dial (numbers), Record, Redirect, Hangup,
Reject. Anything else is skipped with warning 12200, so that a test sees that it was not done.
"""

from __future__ import annotations

import wave
from io import BytesIO
from typing import NamedTuple

from dialplan.emulators.twilio.call import HangUp, LiveCall, Script
from dialplan.emulators.twilio.caller import read_wav
from dialplan.emulators.twilio.connect import connect
from dialplan.emulators.twilio.dial import dial
from dialplan.emulators.twilio.documents import Verb
from dialplan.emulators.twilio.record import Notification
from dialplan.emulators.twilio.recorder import record
from dialplan.emulators.twilio.webhooks import WebhookFailed

MAX_SAY_CHARS = 4096


class _Known(NamedTuple):
    attributes: frozenset[str]
    nouns: frozenset[str] = frozenset()


# Attributes that are documented; those that change nothing here (voice, language) are accepted.
_VERBS = {
    "Say": _Known(frozenset({"voice", "language", "loop"})),
    "Play": _Known(frozenset({"loop"})),
    "Pause": _Known(frozenset({"length"})),
    "Connect": _Known(frozenset({"action", "method"}), frozenset({"Stream"})),
    "Dial": _Known(
        frozenset({"action", "method", "timeout", "timeLimit", "callerId", "answerOnBridge"}),
        frozenset({"Number"}),
    ),
    "Record": _Known(
        frozenset(
            {
                "action",
                "method",
                "timeout",
                "finishOnKey",
                "maxLength",
                "playBeep",
                "recordingStatusCallback",
            }
        )
    ),
    "Redirect": _Known(frozenset({"method"})),
    "Hangup": _Known(frozenset()),
    "Reject": _Known(frozenset({"reason"})),
}


async def perform(call: LiveCall, verb: Verb, script: Script) -> Script | None:
    """Do one verb; return the document that takes over, or None to go on with the next verb.

    Raises:
        HangUp: the verb ends the call.
    """
    known = _VERBS.get(verb.name)
    if known is None:
        _warn(call, f"`{verb.name[:40]}` is not followed by this emulator")
        return None
    for name in sorted(verb.attributes.keys() - known.attributes):
        _warn(call, f"attribute `{name[:40]}` of `{verb.name}` is not followed by this emulator")
    for noun in verb.nouns:
        if noun.name not in known.nouns:
            _warn(call, f"`{noun.name[:40]}` in `{verb.name}` is not followed by this emulator")
    match verb.name:
        case "Connect":
            return await connect(call, verb, script)
        case "Dial":
            return await dial(call, verb, script)
        case "Record":
            return await record(call, verb, script)
        case "Redirect":
            method = verb.attributes.get("method", "POST").upper()
            return await call.fetch(verb.text, base=script.url, method=method)
        case "Hangup":
            call.answer()
            raise HangUp
        case "Reject":
            _reject(call, verb)
        case "Pause":
            await call.exchange.clock.sleep(_whole(call, verb, "length", 1))
        case "Say":
            await _say(call, verb)
        case "Play":
            await _play(call, verb, script)
    return None


async def _say(call: LiveCall, verb: Verb) -> None:
    line = call.answer()
    if len(verb.text) > MAX_SAY_CHARS:
        _warn(call, f"`Say` has more than {MAX_SAY_CHARS} characters")
        return
    audio = await call.exchange.voice.speak(verb.text)
    for _ in range(_whole(call, verb, "loop", 1)):
        await line.play(audio)


async def _play(call: LiveCall, verb: Verb, script: Script) -> None:
    line = call.answer()
    try:
        answer = await call.exchange.webhooks.fetch(verb.text, (), "GET")
    except WebhookFailed as fault:
        call.notify(Notification(fault.code, "error", str(fault)))
        return
    kind = answer.content_type.partition(";")[0].strip().lower()
    audio = b""
    if kind in ("audio/basic", "audio/x-mulaw"):
        audio = answer.body
    elif kind in ("audio/wav", "audio/wave", "audio/x-wav"):
        try:
            audio = read_wav(BytesIO(answer.body))
        except (ValueError, wave.Error, EOFError) as error:
            call.notify(Notification(12300, "error", f"audio cannot be played: {error}"))
    else:
        call.notify(Notification(12300, "error", f"content type `{kind}` cannot be played"))
    for _ in range(_whole(call, verb, "loop", 1)):
        await line.play(audio)


def _reject(call: LiveCall, verb: Verb) -> None:
    if call.line is not None:
        _warn(call, "`Reject` of a call that was answered does nothing")
        return
    call.record.ended_by = "rejected"
    # Which status a plain rejection leaves could not be established; `busy` is documented.
    raise HangUp("busy" if verb.attributes.get("reason") == "busy" else "no-answer")


def _whole(call: LiveCall, verb: Verb, name: str, default: int) -> int:
    value = verb.attributes.get(name, str(default))
    if value.isascii() and value.isdigit():
        return int(value)
    _warn(call, f"`{name}` of `{verb.name}` is not a whole number")
    return default


def _warn(call: LiveCall, message: str) -> None:
    call.notify(Notification(12200, "warning", message))
