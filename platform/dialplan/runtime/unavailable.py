"""What a caller gets when no agent can answer, as TwiML verbs: never silence, never a dead line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialplan.model.sentences import Sentences
from dialplan.model.voice import Then, WhenUnavailable
from dialplan.prompts.render import render
from dialplan.prompts.spoken import ENGLISH, is_english
from dialplan.protocols.twilio.languages import said_in
from dialplan.protocols.twilio.twiml import Dial, Hangup, Record, Say, Verb
from dialplan.runtime.beginning import new_call
from dialplan.runtime.directory import Line
from dialplan.tools.state import CallState

NOBODY = "The number you have called is not in service. Goodbye."
VOICEMAIL_S = 120


def not_in_service() -> tuple[Verb, ...]:
    """Return what a caller of a number that nobody owns hears."""
    return (Say(NOBODY), Hangup())


def way_out(
    line: Line | None, after_url: str, *, call_sid: str, caller: str, now: Callable[[], datetime]
) -> WayOut:
    """Return what a call of a line gets; without a line, what is said for everybody."""
    if line is None:
        return WayOut(None, None, Sentences(), ENGLISH, after_url)
    vertical = line.vertical.vertical
    return WayOut(
        new_call(line, call_sid=call_sid, caller=caller, now=now),
        vertical.when_unavailable,
        vertical.voice.sentences,
        vertical.voice.languages.default,
        after_url,
    )


@dataclass(frozen=True, slots=True)
class WayOut:
    """What one call gets when no agent can answer it.

    Attributes:
        call: the call, None where nobody owns its number any more.
        wish: its vertical's `when_unavailable`.
        sentences: its vertical's words.
        language: its line's (BCP 47).
        after_url: where Twilio asks what follows a dialled number or a recording.
    """

    call: CallState | None
    wish: WhenUnavailable | None
    sentences: Sentences
    language: str
    after_url: str

    def unavailable(self) -> tuple[Verb, ...]:
        """Return the vertical's `when_unavailable`, or a sentence where it says nothing."""
        wish = self.wish
        if self.call is None or wish is None:
            return (self._say(self.sentences.cannot_take_call), Hangup())
        say = self._say(wish.say)
        if isinstance(wish.then, Then):
            number = self.call.variables.get(wish.then.dial)
            timeout = int(wish.then.timeout.total_seconds())
            return (say, Dial(str(number), timeout=timeout, action=self.after_url))
        if wish.then == "voicemail":
            return (say, *self._voicemail())
        return (say, Hangup())

    def after_dial(self, form: Mapping[str, str]) -> Sequence[Verb]:
        """Return what follows a <Dial> that has ended: nothing when they talked, else another way.

        `form` is what Twilio says of it.
        """
        if form.get("DialCallStatus") in ("completed", "answered"):
            return (Hangup(),)
        if self.wish is not None and self.wish.takes_messages:
            return self._voicemail()
        return (self._say(self.sentences.cannot_take_call), Hangup())

    def after_voicemail(self) -> tuple[Verb, ...]:
        """Return what follows a message that was left."""
        return (self._say(self.sentences.message_left), Hangup())

    def _voicemail(self) -> tuple[Verb, ...]:
        """Return verbs that record a message; an empty one falls through to the goodbye."""
        return (
            self._say(self.sentences.leave_message),
            Record(self.after_url, max_length=VOICEMAIL_S),
            *self.after_voicemail(),
        )

    def _say(self, template: str) -> Say:
        # To tell the hours takes longer than all else here, and few of these sentences do.
        values = {} if self.call is None or "{" not in template else self.call.names(())
        # An account's default voice is English, unless its owner chose another.
        language = None if is_english(self.language) else said_in(self.language)
        return Say(render(template, values), language=language)
