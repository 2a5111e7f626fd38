"""What is said when: without a pause in the full mix, in turns with tools in that of life."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from dialplan.emulators.bench.call import Call, Recorder
from dialplan.emulators.bench.script import Full, Life, Script

RESPONSE_S = 1.0


class ModelOfATest:
    """A `Speaker` that plays a session ahead of the clock and writes down what it was told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due = 1000.0
        self.speaking = False
        self.tools = ["find_topic", "to_desk"]
        self.told: list[str] = []
        self.script: Script
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()

    def at(self, when: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (when, next(self._count), do))

    def speak(self, raw: Mapping[str, Any], seconds: float, *, first: float, speed: float) -> None:
        self.told.append("speak")
        self.speaking = True
        self.due = first + seconds / speed
        self.at(self.due, self._finish)

    def call_tool(self, name: str, arguments: Mapping[str, Any]) -> None:
        self.told.append(name)
        self.script.tool_answered("{}")
        self.at(self.now, lambda: self.script.asked({}))

    def caller_begins(self) -> None:
        self.told.append("barge in" if self.speaking else "caller begins")
        self.speaking = False

    def caller_ends(self, words: str, seconds: float) -> None:
        self.told.append("caller ends")

    def _finish(self) -> None:
        if self.speaking:
            self.speaking = False
            self.script.finished()

    def play(self, seconds: float) -> None:
        end = self.now + seconds
        while self._waiting and self._waiting[0][0] <= end:
            self.now, _, do = heapq.heappop(self._waiting)
            do()
        self.now = end


def begun(make: type[Full] | type[Life]) -> ModelOfATest:
    model = ModelOfATest()
    script = make(model, Call(1, delta_ms=100, recorder=Recorder()), lambda: model.now)
    model.script = script
    script.asked({})
    return model


def test_the_full_mix_speaks_on_without_a_pause() -> None:
    model = begun(Full)

    model.play(60)

    assert set(model.told) == {"speak"}
    assert len(model.told) == pytest.approx(60 / 8, abs=1)


def test_turns_of_both_follow_each_other() -> None:
    model = begun(Life)

    model.play(8.5)

    assert model.told[:3] == ["speak", "caller begins", "caller ends"]


def test_a_minute_of_life_holds_a_handoff_three_tool_calls_and_barge_ins() -> None:
    model = begun(Life)

    model.play(180)

    assert model.told.count("to_desk") == 3
    assert 8 <= model.told.count("find_topic") <= 9
    assert model.told.count("barge in") == pytest.approx(180 / 8 / 4, abs=2)


def test_a_tool_call_without_an_answer_does_not_end_the_call() -> None:
    model = begun(Life)
    script = model.script
    assert isinstance(script, Life)
    model.script = Deaf()

    model.play(120)

    assert script.unanswered > 0
    assert model.told.count("caller begins") > 8


class Deaf:
    """Hears of nothing."""

    def asked(self, raw: Mapping[str, Any]) -> None: ...

    def finished(self) -> None: ...

    def tool_answered(self, output: str) -> None: ...
