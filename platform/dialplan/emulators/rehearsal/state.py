"""What a conversation has come to, as plain data. It must not decide anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from dialplan.emulators.rehearsal.rows import Listing, Row
from dialplan.emulators.rehearsal.toolbox import Json, Tool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tool's answer, read."""

    status: str
    result: object = None
    message: str = ""
    say: str = ""
    parameter: str | None = None
    first: tuple[str, ...] = ()
    known: Mapping[str, object] = field(default_factory=dict)


def read_outcome(output: str) -> Outcome:
    """Read a function output; what is no JSON, or has no status, is a result as it stands."""
    try:
        value = json.loads(output)
    except ValueError:
        return Outcome("ok", output)
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        return Outcome("ok", value)
    first, known = value.get("first"), value.get("known")
    parameter = value.get("parameter")
    return Outcome(
        value["status"],
        value.get("result"),
        str(value.get("message") or ""),
        str(value.get("say") or ""),
        str(parameter) if parameter else None,
        tuple(str(name) for name in first) if isinstance(first, list) else (),
        known if isinstance(known, dict) else {},
    )


def read_arguments(arguments: str) -> dict[str, Json]:
    """Read the JSON text of a call's arguments; anything else counts as none."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class Goal:
    """A tool that is to be called, and the arguments known so far."""

    tool: str
    slots: dict[str, Json] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    not_found: int = 0


@dataclass(slots=True)
class Call:
    """A tool call that was made."""

    call_id: str
    name: str
    arguments: dict[str, Json]
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the caller for one argument."""

    parameter: str
    question: str
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Call a tool, perhaps saying something first."""

    tool: str
    arguments: Mapping[str, Json]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """Say sentences."""

    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Say and do nothing."""


Step = Ask | Do | Tell | Quiet


@dataclass(slots=True)
class State:
    """A conversation up to some item.

    Attributes:
        goals: what is under way; the last is current, those below wait for it.
        calls: all tool calls, oldest first.
        objects: single results with the tool they came from, oldest first.
        listing: the latest rows a tool returned.
        choosing: the caller was asked which row they want.
        confirming: the call that waits for the caller's yes.
        asked: the parameter of the current goal that a question was asked for.
        offered: the tool that the caller was offered.
        request: the latest thing the caller wanted.
        heard: everything the caller said, oldest first.
        said: what the agent said last.
        sorry: how many times in a row the agent did not understand.
        chain: tool calls since the caller last spoke.
        arrived: the caller was just handed over, so is not to be handed on for the same words.
        step: what to do next.
    """

    goals: list[Goal] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    objects: list[tuple[str, Row]] = field(default_factory=list)
    listing: Listing | None = None
    choosing: bool = False
    confirming: Call | None = None
    asked: str | None = None
    offered: str | None = None
    request: str = ""
    heard: list[str] = field(default_factory=list)
    said: str = ""
    sorry: int = 0
    chain: int = 0
    arrived: bool = False
    step: Step = field(default_factory=Quiet)

    @property
    def goal(self) -> Goal | None:
        """The current goal."""
        return self.goals[-1] if self.goals else None


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of the turn, by name."""

    tools: tuple[Tool, ...]

    def get(self, name: str | None) -> Tool | None:
        """Return the tool called `name`, or None."""
        return next((t for t in self.tools if t.name == name), None)

    @property
    def human(self) -> Tool | None:
        """The tool that puts a caller through to a person."""
        return next((t for t in self.tools if t.transfers), None)

    @property
    def hang_up(self) -> Tool | None:
        """The tool that ends the call."""
        return next((t for t in self.tools if t.hangs_up), None)

    @property
    def register(self) -> Tool | None:
        """The tool that makes somebody known who was not found."""
        return next((t for t in self.tools if "register" in t.verbs and t.changes), None)
