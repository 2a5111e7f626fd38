from pathlib import Path

import pytest

from dialplan.call.commands import ClearPlayback, PlaySpeech, Say, TellKeys
from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    KeyPressed,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
)
from dialplan.config.load import load_vertical
from dialplan.engines.engine import HandedOver
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Line
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.minutes import Minutes
from dialplan.runtime.observer import CallObserver
from dialplan.store.facts import Fact, ToolRan, TurnTimed
from dialplan.tools.state import CallState

AUDIO = PlaySpeech("AAAA", "m")
SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hi.}
agents: {desk: {entry: true, prompt: Be kind.}}
"""


class HandClock(Clock):
    """A clock whose hand a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def precise_ms(self) -> float:
        return self.at


class Watched:
    def __init__(self, folder: Path) -> None:
        (folder / "shop").mkdir()
        (folder / "shop" / "vertical.yaml").write_text(SHOP)
        line = Line("+1555", "corner", load_vertical(folder / "shop"), {}, {}, None, None)
        self.clock, self.facts = HandClock(), list[Fact]()
        self.metrics = Metrics()
        state = CallState("CA1", "corner", "shop", "+1", "+1555", now=self.clock.now)
        minutes = Minutes(CallRequest("CA1", "AC1", "+1", line), self.clock, self.note, state)
        self.observer = CallObserver(
            *("CA1", "shop", self.metrics, LiveCalls(), self.clock),
            minutes=minutes,
            pause_ms=500,
        )
        minutes.began()
        self.clock.at = 100.0
        self.observer.began()

    def note(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.metrics.note(fact)

    def event(self, event: object, at: float, *, handled_at: float | None = None) -> None:
        self.clock.at = at
        self.observer.arrived(event)
        self.clock.at = at if handled_at is None else handled_at
        self.observer.saw(event)

    def audio(self, response: str, at: float, *, sent_at: float) -> None:
        self.event(SpeechArrived(response, "i", 0, "AAAA"), at)
        self.clock.at = sent_at
        self.observer.did([AUDIO], "desk")

    def turns(self, ended_at: float = 60_000) -> list[TurnTimed]:
        self.clock.at = ended_at
        self.observer.ended("caller", {})
        return [one for one in self.facts if isinstance(one, TurnTimed)]

    def sample(self, name: str) -> float:
        found = self.metrics.registry.get_sample_value(f"dialplan_{name}", {"vertical": "shop"})
        return found or 0.0


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_wait_of_a_caller_ends_with_the_first_audio_alone(watched: Watched) -> None:
    watched.audio("r1", 400, sent_at=401)
    watched.event(CallerSpeechStarted(), 1_000)
    watched.event(CallerSpeechStopped(), 2_000)
    watched.audio("r2", 2_400, sent_at=2_402)
    watched.audio("r2", 2_900, sent_at=2_901)

    greeting, turn = watched.turns()

    assert (greeting.answer_ms, greeting.asked_ms) == (401, 0)
    assert (turn.answer_ms, turn.model_ms, turn.bridge_ms) == (402, 400, 2.0)
    assert (turn.asked_ms, turn.pause_ms, turn.waited_ms) == (1_900, 500, 902)
    assert turn.agent == "desk"


def test_histograms_are_filled_from_the_same_turns(watched: Watched) -> None:
    watched.audio("r1", 400, sent_at=401)
    watched.event(CallerSpeechStarted(), 1_000)
    watched.clock.at = 1_005
    watched.observer.cleared()
    watched.event(CallerSpeechStopped(), 2_000)
    watched.audio("r2", 2_400, sent_at=2_402)
    watched.turns()

    assert watched.sample("first_word_seconds_sum") == 0.401
    assert watched.sample("answer_seconds_sum") == 0.402
    assert watched.sample("model_seconds_sum") == 0.4
    assert watched.sample("bridge_seconds_count") == 2
    assert watched.sample("barge_in_stop_seconds_sum") == 0.005


def test_what_waits_in_the_inbox_is_measured_from_when_it_came(watched: Watched) -> None:
    watched.audio("r1", 400, sent_at=401)
    watched.event(CallerSpeechStarted(), 1_000, handled_at=1_400)
    watched.clock.at = 2_000
    watched.observer.arrived(CallerSpeechStopped())
    watched.clock.at = 2_300
    watched.observer.arrived(SpeechArrived("r2", "i", 0, "AAAA"))
    watched.clock.at = 2_500
    watched.observer.saw(CallerSpeechStopped())
    watched.observer.saw(SpeechArrived("r2", "i", 0, "AAAA"))
    watched.clock.at = 2_510
    watched.observer.did([AUDIO], "desk")

    turn = watched.turns()[1]

    assert (turn.model_ms, turn.bridge_ms, turn.answer_ms) == (300, 210.0, 510)


def test_asking_into_silence_is_no_answer_and_words_before_a_tool_are(watched: Watched) -> None:
    watched.audio("r1", 400, sent_at=401)
    watched.event(CallerSpeechStopped(), 1_000)
    watched.observer.did([Say("Are you still there?", "say_2")], "desk")
    watched.audio("r2", 9_500, sent_at=9_500)
    watched.event(CallerSpeechStarted(), 19_000)
    watched.event(CallerSpeechStopped(), 20_000)
    watched.observer.did([Say("One moment.", "filler_1")], "desk")
    watched.audio("r3", 20_500, sent_at=20_500)

    assert [one.answer_ms for one in watched.turns()] == [401, None, 500]


def test_only_speech_that_was_cut_counts_as_a_barge_in(watched: Watched) -> None:
    watched.event(CallerSpeechStarted(), 1_000)
    watched.observer.did([], "desk")
    assert watched.sample("barge_ins_total") == 0

    watched.observer.did([ClearPlayback()], "desk")

    assert watched.sample("barge_ins_total") == 1


def test_a_turn_tells_its_tools_handoffs_and_what_was_broken_off(watched: Watched) -> None:
    watched.event(ResponseStarted("r1"), 300)
    watched.audio("r1", 400, sent_at=401)
    watched.event(CallerSpeechStarted(), 1_000)
    watched.event(ResponseEnded("r1", "cancelled"), 1_010)
    watched.event(CallerSpeechStopped(), 2_000)
    with watched.observer.tool("desk", "find"):
        watched.clock.at = 2_250
        watched.observer.tool_ran("CA1", "desk", "find", {}, "not_found", 149.9)
    watched.event(HandedOver("desk", "cellar"), 2_300)
    watched.audio("r2", 2_400, sent_at=2_401)

    turn = watched.turns()[1]

    assert turn.cancelled
    assert turn.tools == [{"tool": "find", "at_ms": 1_900, "ms": 250.0, "status": "not_found"}]
    assert turn.handoffs == [{"source": "desk", "target": "cellar", "at_ms": 2_200}]
    assert (turn.tool_ms, turn.tool_wait_ms) == (250.0, 250.0)
    assert [type(one) for one in watched.facts if isinstance(one, ToolRan)] == [ToolRan]


def test_an_entry_on_the_keypad_is_answered_too(watched: Watched) -> None:
    watched.audio("r1", 400, sent_at=401)
    watched.event(KeyPressed("1"), 1_000)
    watched.event(KeyPressed("#"), 1_500)
    watched.observer.did([TellKeys("1")], "desk")
    watched.audio("r2", 1_800, sent_at=1_801)

    turn = watched.turns()[1]

    assert (turn.cause, turn.answer_ms, turn.pause_ms) == ("keys", 301, None)
