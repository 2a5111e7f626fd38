"""Keys become entries, and entries become sentences."""

from __future__ import annotations

import base64

import pytest

from dialplan.call.commands import ClearPlayback, Command, InterruptEngine, TellKeys
from dialplan.call.events import (
    HangUpRequested,
    KeyPressed,
    ResponseStarted,
    SpeechArrived,
    StreamStarted,
    TimerFired,
)
from dialplan.call.keypad import MOST_DIGITS, PAUSE_MS, Keypad, sentence
from dialplan.call.machine import CallMachine, CallPolicy

POLICY = CallPolicy(
    greeting=None,
    silence_ms=1_000,
    silence_prompts=("are you there?",),
    silence_goodbye=None,
    limit_ms=None,
    limit_goodbye=None,
    farewell_ms=10_000,
)


def pressed(keypad: Keypad, keys: str, now: int = 0) -> list[str | None]:
    return [keypad.press(key, now) for key in keys]


def test_the_pound_key_ends_an_entry_and_is_not_in_it() -> None:
    assert pressed(Keypad(), "12#") == [None, None, "12"]


def test_a_lone_pound_key_is_an_entry() -> None:
    assert pressed(Keypad(), "#") == ["#"]


def test_a_pause_after_the_last_digit_ends_an_entry() -> None:
    keypad = Keypad()
    pressed(keypad, "1", 100)
    pressed(keypad, "2", 1000)

    assert keypad.deadline == 1000 + PAUSE_MS
    assert keypad.pause(999 + PAUSE_MS) is None
    assert keypad.pause(1000 + PAUSE_MS) == "12"
    assert keypad.deadline is None
    assert keypad.pause(99_999) is None


def test_an_entry_ends_at_its_limit_and_the_next_begins() -> None:
    keypad = Keypad()

    assert pressed(keypad, "7" * MOST_DIGITS)[-1] == "7" * MOST_DIGITS
    assert pressed(keypad, "1#") == [None, "1"]


@pytest.mark.parametrize("key", ["", "12", "x", "\u0661"])
def test_what_is_no_key_is_ignored(key: str) -> None:
    keypad = Keypad()

    assert keypad.press(key, 0) is None
    assert keypad.deadline is None


def test_an_entry_is_told_digit_by_digit() -> None:
    assert sentence("123") == "The caller pressed 1 2 3 on the keypad."


def run(machine: CallMachine, keys: str, now: int = 0) -> list[Command]:
    return [one for key in keys for one in machine.handle(KeyPressed(key), now)]


def started() -> CallMachine:
    machine = CallMachine(POLICY)
    machine.handle(StreamStarted(), 0)
    return machine


def test_the_first_key_stops_the_agent_and_the_others_do_not() -> None:
    machine = started()
    machine.handle(ResponseStarted("r"), 0)
    machine.handle(SpeechArrived("r", "a", 0, base64.b64encode(bytes(1600)).decode()), 0)

    first = run(machine, "1")

    assert isinstance(first[0], ClearPlayback)
    assert isinstance(first[1], InterruptEngine)
    assert first[1].unheard
    assert run(machine, "2") == []


def test_an_entry_is_told_when_its_time_is_over() -> None:
    machine = started()
    run(machine, "42", now=500)

    assert machine.next_deadline() == 500 + PAUSE_MS
    assert machine.handle(TimerFired(), 500 + PAUSE_MS) == [TellKeys("42")]


def test_a_caller_who_presses_keys_is_not_silent() -> None:
    machine = started()
    run(machine, "4", now=900)

    assert machine.handle(TimerFired(), 1_500) == []
    machine.handle(TimerFired(), 900 + PAUSE_MS)
    assert machine.next_deadline() == 900 + PAUSE_MS + 1_000


def test_keys_during_last_words_change_nothing() -> None:
    machine = started()
    machine.handle(HangUpRequested("agent", "goodbye"), 0)

    assert run(machine, "1#") == []


def test_what_was_pressed_is_in_no_repr() -> None:
    assert "4711" not in repr(TellKeys("4711"))
    assert "'4'" not in repr(KeyPressed("4"))
