"""What a drawing of a vertical's agents shows, whatever it is drawn with. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dialplan.model.after_call import AfterCall
from dialplan.model.tool import KINDS, Tool
from dialplan.model.vertical import Vertical


@dataclass(frozen=True, slots=True)
class Box:
    """An agent. `tools` are (name, kind), as they stand in the file."""

    name: str
    entry: bool
    tools: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A handoff. `number` ties the arrow to its reason, which is too long to stand beside it."""

    number: int
    source: str
    target: str
    when: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A vertical's agents and handoffs, the entry agent first.

    Attributes:
        after: what is done once the call is over, empty where nothing is.
    """

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    after: str = ""


def picture_of(vertical: Vertical) -> Picture:
    """Return what is to be drawn of a vertical."""
    names = sorted(vertical.agents, key=lambda name: not vertical.agents[name].entry)
    boxes = tuple(
        Box(
            name,
            vertical.agents[name].entry,
            tuple((tool, kind_of(vertical.tools[tool])) for tool in vertical.agents[name].tools),
        )
        for name in names
    )
    handoffs = [
        (name, target, handoff.when)
        for name in names
        for target, handoff in vertical.agents[name].handoffs.items()
    ]
    arrows = tuple(Arrow(number, *handoff) for number, handoff in enumerate(handoffs, 1))
    after = "" if vertical.after_call is None else after_call_line(vertical.after_call)
    return Picture(vertical.title, boxes, arrows, after)


def after_call_line(after: AfterCall) -> str:
    """Say in one line what is done once a call is over: `reads intent, then 1 send`."""
    sends = len(after.send)
    told = f", then {sends} {'send' if sends == 1 else 'sends'}" if sends else ""
    return f"reads {', '.join(after.fields)}{told}"


def kind_of(tool: Tool) -> str:
    """Return what a tool does its work with: its kind, or the name of the builtin."""
    kind = next(one for one in KINDS if getattr(tool, one) is not None)
    return str(tool.builtin) if kind == "builtin" else kind
