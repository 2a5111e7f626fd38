"""`<Dial>`: other telephones, as the account's `destinations` say they behave."""

from __future__ import annotations

from dialplan.emulators.twilio.call import LiveCall, Script
from dialplan.emulators.twilio.documents import Verb
from dialplan.emulators.twilio.record import (
    DestinationBehaviour,
    DialledLeg,
    Notification,
    NumberDialled,
)

RING_S = 30
TALK_S = 14_400
MAX_NUMBERS = 10

_UNKNOWN = DestinationBehaviour("failed", after_s=0.0)


async def dial(call: LiveCall, verb: Verb, script: Script) -> Script | None:
    """Ring the numbers, connect the first to answer, and ask `action` (or go on) when it is over.

    While it rings the caller hears silence: what Twilio plays there could not be established.
    """
    numbers = [noun.text for noun in verb.nouns if noun.name == "Number"] or [verb.text]
    numbers = [number for number in numbers if number][:MAX_NUMBERS]
    if verb.attributes.get("answerOnBridge") != "true":
        call.answer()
    caller_id = verb.attributes.get("callerId")
    if caller_id and caller_id not in {call.record.from_, call.record.to, *call.exchange.numbers}:
        call.notify(Notification(13214, "error", "`callerId` is not a number of this account"))
        leg = DialledLeg("", call.exchange.new_sid("CA"), "failed", 0)
    else:
        leg = await _ring_and_talk(call, verb, numbers)
    action = verb.attributes.get("action")
    if action is None:
        return None
    extra = {
        "DialCallStatus": leg.status,
        "DialCallSid": leg.call_sid,
        "DialCallDuration": str(leg.duration_s),
        "DialBridged": "true" if leg.status == "completed" else "false",
    }
    method = verb.attributes.get("method", "POST").upper()
    return await call.fetch(action, extra, base=script.url, method=method)


async def _ring_and_talk(call: LiveCall, verb: Verb, numbers: list[str]) -> DialledLeg:
    timeout = _seconds(verb, "timeout", RING_S)
    rung = [(number, _behaviour(call, number)) for number in numbers]
    answering = [
        (behaviour.after_s, number, behaviour)
        for number, behaviour in rung
        if behaviour.outcome == "answer" and behaviour.after_s <= timeout
    ]
    if not answering:
        status, after_s = _unanswered([behaviour for _, behaviour in rung], timeout)
        await call.exchange.clock.sleep(after_s)
        leg = DialledLeg(numbers[0] if numbers else "", call.exchange.new_sid("CA"), status, 0)
        call.record.dialled.append(leg)
        return leg
    # The first to pick up wins; the others stop ringing.
    after_s, number, behaviour = min(answering, key=lambda entry: entry[0])
    await call.exchange.clock.sleep(after_s)
    return await _talk(call, number, behaviour, _seconds(verb, "timeLimit", TALK_S))


async def _talk(
    call: LiveCall, number: str, behaviour: DestinationBehaviour, limit_s: int
) -> DialledLeg:
    line, clock = call.answer(), call.exchange.clock
    began = clock.monotonic()
    sid = call.exchange.new_sid("CA")
    try:
        if behaviour.says:
            line.playback.add(await call.exchange.voice.speak(behaviour.says))
        spent = clock.monotonic() - began
        await clock.sleep(max(0.0, min(behaviour.talks_s, limit_s) - spent))
    finally:
        # Also when the caller hangs up or a redirect takes the call away in the middle.
        line.playback.clear()
        leg = DialledLeg(number, sid, "completed", round(clock.monotonic() - began))
        call.record.dialled.append(leg)
    return leg


def _behaviour(call: LiveCall, number: str) -> DestinationBehaviour:
    call.emit(NumberDialled(call.record.call_sid, number))
    behaviour = call.exchange.destinations.get(number)
    if behaviour is None:
        call.notify(Notification(13224, "error", "dialled number is not in `destinations`"))
        return _UNKNOWN
    return behaviour


def _unanswered(behaviours: list[DestinationBehaviour], timeout: int) -> tuple[str, float]:
    """Return the status of a dial nobody answered, and how long that took."""
    refusals = [each for each in behaviours if each.outcome in ("busy", "failed")]
    if len(refusals) < len(behaviours):
        return "no-answer", timeout
    after_s = min(max((each.after_s for each in refusals), default=0.0), timeout)
    busy = any(each.outcome == "busy" for each in refusals)
    return ("busy" if busy else "failed"), after_s


def _seconds(verb: Verb, name: str, default: int) -> int:
    value = verb.attributes.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else default
