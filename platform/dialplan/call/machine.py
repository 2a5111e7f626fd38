"""Decides what happens in one call: who may speak, how long silence lasts, how it ends.

`handle` takes one event and the time and returns commands, in the order they are to be carried
out. This must not wait, read a clock or know a protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from dialplan.call.commands import (
    ClearPlayback,
    CloseEngine,
    Command,
    EndStream,
    HangUp,
    InterruptEngine,
    PlaySpeech,
    Say,
    TellKeys,
    Transfer,
)
from dialplan.call.events import (
    LOST,
    CallerSpeechStarted,
    CallerSpeechStopped,
    CallEvent,
    EngineLost,
    HangUpRequested,
    KeyPressed,
    MarkReturned,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    SpeechFinished,
    StreamStarted,
    StreamStopped,
    TimerFired,
    ToolFinished,
    ToolStarted,
    TransferRequested,
)
from dialplan.call.keypad import Keypad
from dialplan.call.playback import BYTES_PER_MS, PlaybackLedger, payload_bytes

MOST_AHEAD_MS = 590_000
"""Speech queued at the carrier, at most: what is over 10 minutes Twilio discards (31931)."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """What a vertical asks of its calls. Texts are said word for word; times are milliseconds.

    Attributes:
        greeting: the first words, None when the first agent finds its own.
        silence_ms: silence before the caller is asked for, None for never.
        silence_prompts: what to ask, one after the other; then comes the goodbye.
        silence_goodbye: said before hanging up on a silent line.
        limit_ms: longest call, None for no limit.
        limit_goodbye: said before hanging up at the limit.
        farewell_ms: longest wait for last words to be heard before acting without them.
    """

    greeting: str | None
    silence_ms: int | None
    silence_prompts: tuple[str, ...]
    silence_goodbye: str | None
    limit_ms: int | None
    limit_goodbye: str | None
    farewell_ms: int


@dataclass(slots=True)
class _Farewell:
    """Last words under way, and what comes after them."""

    then: HangUp | Transfer
    deadline: int
    say_id: str | None
    response_id: str | None = None
    said: bool = False


class CallMachine:
    """The state of one call. Owned by one task; times are milliseconds of one monotonic clock."""

    def __init__(self, policy: CallPolicy) -> None:
        self._policy = policy
        self._ledger = PlaybackLedger()
        self._started_at: int | None = None
        self._over = False
        self._responses: set[str] = set()
        self._muted: set[str] = set()
        self._tools: set[str] = set()
        self._caller_speaks = False
        self._keypad = Keypad()
        self._quiet_since: int | None = None
        self._prompts_said = 0
        self._says = 0
        self._farewell: _Farewell | None = None

    @property
    def over(self) -> bool:
        """Whether the call has ended, so that every further event is ignored."""
        return self._over

    @property
    def quiet(self) -> bool:
        """Whether no agent speaks or is about to, and all that was said has been heard."""
        return self._ledger.idle and not self._responses

    def next_deadline(self) -> int | None:
        """Return when `TimerFired` is due, None when nothing is waited for."""
        if self._over:
            return None
        if self._farewell is not None:
            return self._farewell.deadline
        if self._started_at is None:
            return None
        deadlines = [] if self._keypad.deadline is None else [self._keypad.deadline]
        if self._policy.limit_ms is not None:
            deadlines.append(self._started_at + self._policy.limit_ms)
        if self._policy.silence_ms is not None and self._quiet_since is not None:
            deadlines.append(self._quiet_since + self._policy.silence_ms)
        return min(deadlines, default=None)

    def handle(self, event: CallEvent, now_ms: int) -> list[Command]:
        """Take one event; return what to do about it, in order."""
        if self._over:
            return []
        commands = self._decide(event, now_ms)
        commands += self._after_last_words()
        self._watch_silence(now_ms)
        return commands

    def _decide(self, event: CallEvent, now_ms: int) -> list[Command]:
        match event:
            case SpeechArrived():
                return self._play(event)
            case MarkReturned(name):
                self._ledger.heard(name)
            case SpeechFinished(item_id):
                self._ledger.finish(item_id)
            case ResponseStarted(response_id, say_id):
                self._responses.add(response_id)
                if self._farewell is not None and self._farewell.say_id == say_id is not None:
                    self._farewell.response_id = response_id
            case ResponseEnded(response_id, status):
                self._response_ended(response_id, lost=status == LOST)
            case CallerSpeechStarted():
                self._caller_speaks = True
                return self._barge_in()
            case KeyPressed(key):
                return self._key_pressed(key, now_ms)
            case CallerSpeechStopped():
                self._caller_speaks = False
            case ToolStarted(call_id):
                self._tools.add(call_id)
            case ToolFinished(call_id):
                self._tools.discard(call_id)
            case _:
                return self._decide_course(event, now_ms)
        return []

    def _decide_course(
        self,
        event: (
            StreamStarted
            | StreamStopped
            | HangUpRequested
            | TransferRequested
            | EngineLost
            | TimerFired
        ),
        now_ms: int,
    ) -> list[Command]:
        match event:
            case StreamStarted():
                self._started_at = now_ms
                return [] if self._policy.greeting is None else [self._say(self._policy.greeting)]
            case StreamStopped():
                return self._finish(CloseEngine())
            case HangUpRequested(reason, goodbye):
                return self._leave(HangUp(reason), goodbye, now_ms)
            case TransferRequested(destination, announcement):
                return self._leave(Transfer(destination), announcement, now_ms)
            case EngineLost(reason):
                if self._farewell is not None:
                    return self._finish(self._farewell.then, CloseEngine())
                return self._finish(EndStream(reason), CloseEngine())
            case TimerFired():
                return self._time_is_up(now_ms)
            case _:  # pragma: no cover - the type check proves it cannot be reached
                assert_never(event)

    def _play(self, piece: SpeechArrived) -> list[Command]:
        if piece.response_id in self._muted:
            return []
        size = payload_bytes(piece.payload)
        if self._ledger.ahead_ms + size // BYTES_PER_MS > MOST_AHEAD_MS:
            # Twilio would throw it away unheard; with a hole in it the rest makes no sense.
            self._muted.add(piece.response_id)
            return []
        mark = self._ledger.queue(piece.item_id, piece.content_index, size)
        return [] if mark is None else [PlaySpeech(piece.payload, mark)]

    def _response_ended(self, response_id: str, *, lost: bool) -> None:
        self._responses.discard(response_id)
        self._muted.discard(response_id)
        leaving = self._farewell
        if leaving is None or lost:
            return  # the engine has lost words said again
        if leaving.say_id is None:
            leaving.said = not self._responses
        elif leaving.response_id == response_id:
            leaving.said = True

    def _key_pressed(self, key: str, now_ms: int) -> list[Command]:
        if self._farewell is not None:
            return []
        commands = self._barge_in(unheard=True) if self._keypad.deadline is None else []
        entered = self._keypad.press(key, now_ms)
        return commands if entered is None else [*commands, TellKeys(entered)]

    def _barge_in(self, *, unheard: bool = False) -> list[Command]:
        self._prompts_said = 0
        unmuted = self._responses - self._muted
        if self._farewell is not None or (self._ledger.idle and not unmuted):
            return []
        queued = not self._ledger.idle
        self._muted |= unmuted
        interrupt = InterruptEngine(self._ledger.clear(), frozenset(unmuted), unheard)
        return [ClearPlayback(), interrupt] if queued else [interrupt]

    def _leave(self, then: HangUp | Transfer, words: str | None, now_ms: int) -> list[Command]:
        """Say the last words, if any, and do `then` once they were heard. The first one counts."""
        if self._farewell is not None:
            return []
        say = None if words is None else self._say(words)
        self._farewell = _Farewell(
            then=then,
            deadline=now_ms + self._policy.farewell_ms,
            say_id=None if say is None else say.say_id,
            said=say is None and not self._responses,
        )
        return [] if say is None else [say]

    def _after_last_words(self) -> list[Command]:
        leaving = self._farewell
        if self._over or leaving is None or not leaving.said or not self._ledger.idle:
            return []
        return self._finish(leaving.then, CloseEngine())

    def _time_is_up(self, now_ms: int) -> list[Command]:
        due = self.next_deadline()
        if due is None or now_ms < due:
            return []
        if self._farewell is not None:
            return self._finish(self._farewell.then, CloseEngine())
        entered = self._keypad.pause(now_ms)
        if entered is not None:
            return [TellKeys(entered)]
        if self._past_limit(now_ms):
            return self._leave(HangUp("call_limit"), self._policy.limit_goodbye, now_ms)
        if self._prompts_said < len(self._policy.silence_prompts):
            prompt = self._policy.silence_prompts[self._prompts_said]
            self._prompts_said += 1
            self._quiet_since = now_ms
            return [self._say(prompt)]
        return self._leave(HangUp("silence"), self._policy.silence_goodbye, now_ms)

    def _past_limit(self, now_ms: int) -> bool:
        limit, start = self._policy.limit_ms, self._started_at
        return limit is not None and start is not None and now_ms >= start + limit

    def _watch_silence(self, now_ms: int) -> None:
        caller = self._caller_speaks or self._keypad.deadline is not None
        busy = caller or self._responses or self._tools or not self._ledger.idle
        if busy or self._started_at is None:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now_ms

    def _say(self, text: str) -> Say:
        self._says += 1
        return Say(text, f"say_{self._says}")

    def _finish(self, *commands: Command) -> list[Command]:
        self._over = True
        return list(commands)
