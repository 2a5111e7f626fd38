"""The policy of one call, told as events and the commands that follow."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from dialplan.call.commands import (
    ClearPlayback,
    CloseEngine,
    Command,
    EndStream,
    HangUp,
    InterruptEngine,
    PlaySpeech,
    Say,
    Transfer,
)
from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    CallEvent,
    EngineLost,
    HangUpRequested,
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
from dialplan.call.machine import CallMachine, CallPolicy
from dialplan.call.playback import Truncation

AUDIO = base64.b64encode(bytes(1600)).decode()
POLICY = CallPolicy(
    greeting=None,
    silence_ms=8_000,
    silence_prompts=("are you there?",),
    silence_goodbye="goodbye then",
    limit_ms=600_000,
    limit_goodbye="our time is up",
    farewell_ms=10_000,
)


def run(machine: CallMachine, *events: CallEvent, now: int = 0) -> list[Command]:
    return [command for event in events for command in machine.handle(event, now)]


def started(policy: CallPolicy = POLICY) -> CallMachine:
    machine = CallMachine(policy)
    machine.handle(StreamStarted(), 0)
    return machine


def speech(item: str = "a", response: str = "r") -> SpeechArrived:
    return SpeechArrived(response, item, 0, AUDIO)


def test_the_greeting_is_said_when_the_caller_is_on_the_line() -> None:
    machine = CallMachine(replace(POLICY, greeting="hello"))

    assert run(machine, StreamStarted()) == [Say("hello", "say_1")]


def test_without_a_greeting_nothing_is_said_at_the_start() -> None:
    assert run(CallMachine(POLICY), StreamStarted()) == []


def test_speech_is_played_with_one_mark_each() -> None:
    commands = run(started(), ResponseStarted("r"), speech(), speech())

    assert commands == [PlaySpeech(AUDIO, "0:a:200"), PlaySpeech(AUDIO, "0:a:400")]


def test_barge_in_truncates_at_what_was_heard() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), speech(), speech("b"), MarkReturned("0:a:200"))

    assert run(machine, CallerSpeechStarted()) == [
        ClearPlayback(),
        InterruptEngine((Truncation("a", 0, 200), Truncation("b", 0, 0)), frozenset({"r"})),
    ]


def test_late_speech_of_a_cut_response_is_dropped() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), CallerSpeechStarted())

    assert run(machine, speech(), speech("b")) == []


def test_late_speech_of_a_cut_item_is_dropped_after_its_response_ended() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), CallerSpeechStarted())
    run(machine, ResponseEnded("r", "cancelled"))

    assert run(machine, speech()) == []


def test_the_answer_after_a_barge_in_is_played() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), CallerSpeechStarted(), CallerSpeechStopped())

    commands = run(machine, ResponseStarted("r2"), speech("b", "r2"))

    assert commands == [PlaySpeech(AUDIO, "1:b:200")]


def test_a_second_speech_start_does_nothing() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), CallerSpeechStarted())

    assert run(machine, CallerSpeechStarted()) == []


def test_barge_in_before_the_first_audio_mutes_without_clearing() -> None:
    machine = started()

    commands = run(machine, ResponseStarted("r"), CallerSpeechStarted(), speech())

    assert commands == [InterruptEngine((), frozenset({"r"}))]


def test_barge_in_names_only_the_responses_that_it_cuts() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), CallerSpeechStarted(), ResponseStarted("r2"))

    commands = run(machine, speech("b", "r2"), CallerSpeechStarted())

    assert commands[-1] == InterruptEngine((Truncation("b", 0, 0),), frozenset({"r2"}))


def test_the_caller_speaking_into_silence_interrupts_nothing() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), SpeechFinished("a"), ResponseEnded("r", "done"))
    run(machine, MarkReturned("0:a:200"))

    assert run(machine, CallerSpeechStarted()) == []


def test_silence_is_counted_from_when_the_caller_heard_the_last_word() -> None:
    machine = started(replace(POLICY, limit_ms=None))
    run(machine, ResponseStarted("r"), speech(), SpeechFinished("a"), now=100)
    run(machine, ResponseEnded("r", "completed"), now=200)

    assert machine.next_deadline() is None
    run(machine, MarkReturned("0:a:200"), now=400)
    assert machine.next_deadline() == 8_400


def test_silence_is_not_counted_while_a_tool_works() -> None:
    machine = started(replace(POLICY, limit_ms=None))

    run(machine, ToolStarted("c"))
    assert machine.next_deadline() is None
    run(machine, ToolFinished("c"), now=3_000)
    assert machine.next_deadline() == 11_000


def test_a_silent_caller_is_asked_then_sent_off() -> None:
    machine = started()

    assert machine.handle(TimerFired(), 8_000) == [Say("are you there?", "say_1")]
    assert machine.next_deadline() == 16_000
    assert machine.handle(TimerFired(), 16_000) == [Say("goodbye then", "say_2")]


def test_a_caller_who_spoke_is_asked_anew() -> None:
    machine = started()
    machine.handle(TimerFired(), 8_000)
    run(machine, CallerSpeechStarted(), CallerSpeechStopped(), now=9_000)

    assert machine.handle(TimerFired(), 17_000) == [Say("are you there?", "say_2")]


def test_a_timer_that_fires_early_does_nothing() -> None:
    machine = started()

    assert machine.handle(TimerFired(), 7_999) == []


def test_a_timer_before_the_stream_does_nothing() -> None:
    assert run(CallMachine(POLICY), TimerFired()) == []


def test_without_limits_nothing_is_waited_for() -> None:
    machine = started(replace(POLICY, silence_ms=None, limit_ms=None))

    assert machine.next_deadline() is None


def test_the_call_limit_says_goodbye_and_hangs_up() -> None:
    machine = started(replace(POLICY, silence_ms=None))

    assert machine.next_deadline() == 600_000
    assert machine.handle(TimerFired(), 600_000) == [Say("our time is up", "say_1")]
    run(machine, ResponseStarted("r", "say_1"), speech(), SpeechFinished("a"), now=600_100)
    run(machine, ResponseEnded("r", "completed"), now=600_200)
    assert run(machine, MarkReturned("0:a:200"), now=600_900) == [
        HangUp("call_limit"),
        CloseEngine(),
    ]


def test_a_goodbye_is_heard_before_the_hang_up() -> None:
    machine = started()

    assert run(machine, HangUpRequested("done", "bye")) == [Say("bye", "say_1")]
    assert run(machine, ResponseStarted("r", "say_1"), speech(), SpeechFinished("a")) == [
        PlaySpeech(AUDIO, "0:a:200")
    ]
    assert run(machine, ResponseEnded("r", "completed")) == []
    assert run(machine, MarkReturned("0:a:200")) == [HangUp("done"), CloseEngine()]
    assert machine.over


def test_the_end_of_an_earlier_response_is_not_the_end_of_the_goodbye() -> None:
    machine = started()
    run(machine, ResponseStarted("r0"), HangUpRequested("done", "bye"))

    assert run(machine, ResponseEnded("r0", "completed")) == []
    assert run(machine, ResponseStarted("other"), ResponseEnded("other", "completed")) == []
    run(machine, ResponseStarted("r", "say_1"))
    assert run(machine, ResponseEnded("r", "failed")) == [HangUp("done"), CloseEngine()]


def test_without_a_goodbye_the_running_speech_is_heard_out() -> None:
    machine = started()
    run(machine, ResponseStarted("r"), speech(), HangUpRequested("done"))

    assert run(machine, ResponseEnded("r", "completed")) == []
    assert run(machine, MarkReturned("0:a:200")) == [HangUp("done"), CloseEngine()]


def test_without_a_goodbye_on_a_quiet_line_it_hangs_up_at_once() -> None:
    assert run(started(), HangUpRequested("done")) == [HangUp("done"), CloseEngine()]


def test_a_transfer_follows_its_announcement() -> None:
    machine = started()
    run(machine, TransferRequested("desk", "one moment"))
    run(machine, ResponseStarted("r", "say_1"), speech(), ResponseEnded("r", "completed"))

    assert run(machine, MarkReturned("0:a:200")) == [Transfer("desk"), CloseEngine()]


def test_the_first_farewell_counts() -> None:
    machine = started()
    run(machine, TransferRequested("desk", "one moment"))

    assert run(machine, HangUpRequested("done", "bye")) == []


def test_last_words_are_not_interrupted() -> None:
    machine = started()
    run(machine, HangUpRequested("done", "bye"), ResponseStarted("r", "say_1"), speech())

    assert run(machine, CallerSpeechStarted()) == []


def test_last_words_that_never_come_do_not_hold_the_line() -> None:
    machine = CallMachine(POLICY)
    run(machine, HangUpRequested("done", "bye"), now=1_000)

    assert machine.next_deadline() == 11_000
    assert machine.handle(TimerFired(), 11_000) == [HangUp("done"), CloseEngine()]
    assert machine.next_deadline() is None


def test_a_lost_engine_hands_the_call_back_to_the_carrier() -> None:
    assert run(started(), EngineLost("gone")) == [EndStream("gone"), CloseEngine()]


def test_an_engine_lost_during_last_words_does_what_was_to_follow() -> None:
    machine = started()
    run(machine, TransferRequested("desk", "one moment"))

    assert run(machine, EngineLost("gone")) == [Transfer("desk"), CloseEngine()]


def test_a_stopped_stream_closes_the_engine() -> None:
    assert run(started(), StreamStopped()) == [CloseEngine()]


@pytest.mark.parametrize("event", [StreamStopped(), EngineLost("x"), TimerFired(), speech()])
def test_nothing_happens_after_the_end(event: CallEvent) -> None:
    machine = started()
    run(machine, StreamStopped())

    assert machine.handle(event, 1_000_000) == []


def test_a_goodbye_lost_with_its_connection_is_waited_for_again() -> None:
    machine = started()
    run(machine, HangUpRequested("done", "bye"), ResponseStarted("r", "say_1"))

    assert run(machine, ResponseEnded("r", "lost")) == []
    run(machine, ResponseStarted("r2", "say_1"))
    assert run(machine, ResponseEnded("r2", "completed")) == [HangUp("done"), CloseEngine()]


def test_an_ended_call_waits_for_nothing() -> None:
    machine = started()
    run(machine, StreamStopped())

    assert machine.next_deadline() is None


def test_the_line_is_quiet_once_all_that_was_said_was_heard() -> None:
    machine = started()
    assert machine.quiet
    run(machine, ResponseStarted("r"), speech(), ResponseEnded("r", "completed"))

    assert not machine.quiet
    run(machine, MarkReturned("0:a:200"))
    assert machine.quiet


def test_speech_that_the_carrier_would_discard_is_not_sent() -> None:
    machine = started()
    minute = base64.b64encode(bytes(8000 * 60)).decode()

    for number in range(12):
        piece = SpeechArrived(f"r{number // 4}", f"i{number // 4}", 0, minute)
        sent = run(machine, piece)
        assert bool(sent) == (number < 9)

    run(machine, MarkReturned("0:i0:240000"))
    assert run(machine, SpeechArrived("r2", "i2", 0, minute)) == []
    assert run(machine, SpeechArrived("r3", "i3", 0, minute)) != []
