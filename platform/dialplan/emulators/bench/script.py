"""What is said when in an emulated call: both at once all the time, or as in life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from dialplan.emulators.bench.call import Call

Mix = Literal["full", "life"]

RESPONSE_S = 8.0
"""How long one response of the full mix is; the next follows at the same pace."""
TURN_S = 4.0
"""How long a turn is in the life mix, the caller's as the agent's: a talk ratio of 50 %."""
TOOL_EVERY_S = 20.0
HANDOFF_EVERY_S = 60.0
SPEED = 2.0
"""Times real time at which the model of the life mix sends; real ones are ahead of the ear too."""
BARGE_IN_EVERY = 4
"""In the life mix every fourth answer is cut off by the caller."""
BARGE_IN_S = 1.5
ANSWER_S = 5.0
"""The longest wait for the answer to a tool call; then the caller speaks again."""


class Speaker(Protocol):
    """The model's end, as a script uses it."""

    @property
    def speaking(self) -> bool:
        """Whether a response is open."""
        ...

    @property
    def due(self) -> float:
        """When the next delta is due."""
        ...

    @property
    def tools(self) -> list[str]:
        """The names of the session's tools."""
        ...

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do something later."""
        ...

    def speak(self, raw: Mapping[str, Any], seconds: float, *, first: float, speed: float) -> None:
        """Answer with speech."""
        ...

    def call_tool(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Answer with a function call."""
        ...

    def caller_begins(self) -> None:
        """Report that the caller speaks."""
        ...

    def caller_ends(self, words: str, seconds: float) -> None:
        """Report the end of the caller's turn."""
        ...


class Script(Protocol):
    """Is told what happens in a session, and has the model say what comes next."""

    def asked(self, raw: Mapping[str, Any]) -> None:
        """The client asks for a response."""
        ...

    def finished(self) -> None:
        """A response of speech was said to its end."""
        ...

    def tool_answered(self, output: str) -> None:
        """The client answered a function call."""
        ...


MakeScript = Callable[[Speaker, Call], Script]
Now = Callable[[], float]


class Full:
    """The model speaks without a pause, while the caller does the same.

    `now` is the clock of the pacer, in seconds.
    """

    def __init__(self, speaker: Speaker, call: Call, now: Now) -> None:
        self._speaker = speaker
        self._call = call
        self._now = now

    def asked(self, raw: Mapping[str, Any]) -> None:
        """Begin at once: this is what the time to the first audio is measured with."""
        self._speaker.speak(raw, RESPONSE_S, first=self._now(), speed=1.0)

    def finished(self) -> None:
        """Go on with the next response; at this call's own turn, once the first one is over."""
        step = self._call.delta_ms / 1000
        self._speaker.speak(
            {}, RESPONSE_S, first=self._call.next_slot(self._speaker.due - step, step), speed=1.0
        )

    def tool_answered(self, output: str) -> None:
        """No tool is called."""


class Life:
    """Turns of both, tools, handoffs, and a caller who barges in.

    Attributes:
        tool_calls, handoffs, barge_ins, unanswered: how many there were.
    """

    def __init__(self, speaker: Speaker, call: Call, now: Now) -> None:
        self._speaker = speaker
        self._now = now
        self._turn = 0
        self._answers = 0
        # Not all calls do the same at once.
        self._last_tool = now() - call.phase * TOOL_EVERY_S
        self._last_handoff = now() - call.phase * HANDOFF_EVERY_S
        self.tool_calls = self.handoffs = self.barge_ins = self.unanswered = 0
        self._waiting = False

    def asked(self, raw: Mapping[str, Any]) -> None:
        """Say the greeting, an announcement, or what a tool made possible."""
        self._waiting = False
        self._say(raw)

    def finished(self) -> None:
        """The next turn is planned already."""

    def tool_answered(self, output: str) -> None:
        """The client asks for a response next."""

    def _say(self, raw: Mapping[str, Any]) -> None:
        now = self._now()
        self._answers += 1
        cut = self._answers % BARGE_IN_EVERY == 0
        self._speaker.speak(raw, TURN_S, first=now, speed=SPEED)
        self.barge_ins += cut
        self._next_turn(now + (BARGE_IN_S if cut else TURN_S))

    def _next_turn(self, when: float) -> None:
        """Let the caller speak at `when`, unless another turn is planned before that."""
        self._turn += 1
        turn = self._turn

        def begin() -> None:
            if turn == self._turn:
                self.unanswered += self._waiting
                self._waiting = False
                self._speaker.caller_begins()
                self._speaker.at(when + TURN_S, end)

        def end() -> None:
            if turn == self._turn:
                self._speaker.caller_ends("I would like to know more about it, please.", TURN_S)
                self._answer()

        self._speaker.at(when, begin)

    def _answer(self) -> None:
        now = self._now()
        handoff = next((name for name in self._speaker.tools if name.startswith("to_")), None)
        if handoff is not None and now - self._last_handoff >= HANDOFF_EVERY_S:
            self._last_handoff += HANDOFF_EVERY_S
            self.handoffs += 1
            self._call_tool(handoff, {"summary": "The caller wants to know more."}, now)
        elif "find_topic" in self._speaker.tools and now - self._last_tool >= TOOL_EVERY_S:
            self._last_tool += TOOL_EVERY_S
            self.tool_calls += 1
            self._call_tool("find_topic", {"name": f"topic {self.tool_calls}"}, now)
        else:
            self._say({})

    def _call_tool(self, name: str, arguments: Mapping[str, Any], now: float) -> None:
        self._waiting = True
        self._next_turn(now + ANSWER_S)
        self._speaker.call_tool(name, arguments)
