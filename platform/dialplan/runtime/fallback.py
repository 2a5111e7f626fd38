"""What a caller gets when the AI cannot answer, step by step in words.

The steps are the verbs that the switchboard answers with, so that the words cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from dialplan.config.places import Places
from dialplan.errors import ConfigError
from dialplan.model.voice import Then
from dialplan.protocols.twilio.twiml import (
    ConnectStream,
    Dial,
    Hangup,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
    Verb,
)
from dialplan.runtime.unavailable import WayOut

AFTER = "https://localhost/after"
"""An address for steps that are only told; nobody asks it."""
_NOBODY = {"DialCallStatus": "no-answer"}

_AT = "when_unavailable"
FAILS = "AI fails"
"""How the steps are called."""


def fallback_rows(way_out: WayOut, places: Places) -> Iterator[tuple[str, str, str]]:
    """Return (name, step in words, place) of every step."""
    then = None if way_out.wish is None else way_out.wish.then
    rings = then.dial if isinstance(then, Then) else ""
    try:
        verbs = way_out.unavailable()
    except ConfigError as error:
        yield f"{FAILS}, step 1", f"cannot be said: {error}", places.of(_AT, "say")
        return
    steps = _steps(verbs, rings, places, (_AT, "then"))
    if way_out.wish is None:
        steps[0] = (steps[0][0], places.of("voice", "sentences", "cannot_take_call"))
    if any(isinstance(verb, Dial) for verb in verbs):
        after = _steps(way_out.after_dial(_NOBODY), "", places, (_AT, "then", "else"))
        steps += [
            (f"{'then' if index else 'if nobody picks up:'} {words}", place)
            for index, (words, place) in enumerate(after)
        ]
    for number, (words, place) in enumerate(steps, 1):
        yield f"{FAILS}, step {number}", words, place


def said(verb: Verb, rings: str = "") -> str:
    """Say what a verb does to the caller; `rings` is the variable that a dialled number is."""
    match verb:
        case Say(text, _, language):
            return f"says “{text}”" + ("" if language is None else f" in {language}")
        case Play(url):
            return f"plays {url}"
        case Pause(length):
            return f"waits {length} s"
        case Dial(numbers, timeout):
            shown = numbers if isinstance(numbers, str) else ", ".join(numbers)
            name = f" ({rings})" if rings else ""
            return f"rings {shown}{name}" + ("" if timeout is None else f" for {timeout} s")
        case Record(_, max_length):
            return f"records a message of at most {max_length} s"
        case Hangup():
            return "hangs up"
        case Reject(reason):
            return f"refuses the call: {reason}"
        case Redirect() | ConnectStream():
            return "goes on with the call"
        case _:
            assert_never(verb)


def _steps(
    verbs: Sequence[Verb], rings: str, places: Places, then: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Return the words and the place of each verb; what is said first stands under `say`."""
    made: list[tuple[str, str]] = []
    for index, verb in enumerate(verbs):
        if isinstance(verb, Dial):
            steps: tuple[str, ...] = (*then, "dial")
        elif index == 0 and then[-1] == "then":
            steps = (_AT, "say")
        else:
            steps = then
        made.append((said(verb, rings), places.of(*steps)))
    return made
