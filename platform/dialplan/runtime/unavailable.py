"""What a caller gets when no agent can answer, as TwiML verbs: never silence, never a dead line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialplan.model.voice import Then
from dialplan.prompts.render import render
from dialplan.protocols.twilio.twiml import Dial, Hangup, Record, Say, Verb
from dialplan.runtime.directory import Line

NOBODY = "The number you have called is not in service. Goodbye."
SORRY = "We are sorry, we cannot take your call right now. Please try again later."
MESSAGE = "Please leave a message after the tone."
THANKS = "Thank you. Goodbye."
VOICEMAIL_S = 120


def not_in_service() -> tuple[Verb, ...]:
    """Return what a caller of a number that nobody owns hears."""
    return (Say(NOBODY), Hangup())


def unavailable(line: Line | None, after_url: str) -> tuple[Verb, ...]:
    """Return the vertical's `when_unavailable`, or a sentence where it says nothing."""
    wish = None if line is None else line.vertical.vertical.when_unavailable
    if line is None or wish is None:
        return (Say(SORRY), Hangup())
    say = Say(render(wish.say, line.variables))
    if isinstance(wish.then, Then):
        number = line.variables.get(wish.then.dial)
        return (
            say,
            Dial(str(number), timeout=int(wish.then.timeout.total_seconds()), action=after_url),
        )
    if wish.then == "voicemail":
        return (say, *voicemail(after_url))
    return (say, Hangup())


def voicemail(after_url: str) -> tuple[Verb, ...]:
    """Return verbs that record a message; an empty one falls through to the goodbye."""
    return (Say(MESSAGE), Record(after_url, max_length=VOICEMAIL_S), Say(THANKS), Hangup())


def after_dial(line: Line | None, form: Mapping[str, str], after_url: str) -> Sequence[Verb]:
    """Return what follows a <Dial> that has ended: nothing when they talked, else another way."""
    if form.get("DialCallStatus") in ("completed", "answered"):
        return (Hangup(),)
    wish = None if line is None else line.vertical.vertical.when_unavailable
    if wish is not None and (
        wish.then == "voicemail"
        or (isinstance(wish.then, Then) and wish.then.otherwise == "voicemail")
    ):
        return voicemail(after_url)
    return (Say(SORRY), Hangup())
