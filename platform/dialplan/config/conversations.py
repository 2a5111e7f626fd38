"""What a conversation must agree on with its vertical: the agents and tools that it names."""

from __future__ import annotations

from datetime import datetime

from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.model.conversation import Conversation
from dialplan.model.vertical import Vertical


def check(source: Source, made: Typed[Conversation], vertical: Typed[Vertical]) -> None:
    """Note names that lead nowhere; nothing is concluded from what is broken on either side."""
    conversation = made.content
    for index, turn in enumerate(conversation.turns):
        at: Steps = ("turns", index, "expect")
        if turn.expect.handoff is not None:
            _agent(source, made, vertical, turn.expect.handoff, (*at, "handoff"))
        wanted = turn.expect.tool
        if isinstance(wanted, str):
            _tool(source, made, vertical, wanted, (*at, "tool"), key=False)
        for name, arguments in (wanted if isinstance(wanted, dict) else {}).items():
            steps = (*at, "tool", name)
            _tool(source, made, vertical, name, steps, key=True)
            _arguments(source, made, vertical, name, list(arguments), steps)
    for name in conversation.mocks:
        _tool(source, made, vertical, name, ("mocks", name), key=True)
    _now(source, made)


def _agent(
    source: Source,
    made: Typed[Conversation],
    vertical: Typed[Vertical],
    name: str,
    steps: Steps,
) -> None:
    known = vertical.named("agents")
    if name in known or vertical.open("agents") or made.unsure(*steps):
        return
    place, path = locate(made.root, steps)
    hint = source.hint(name, known)
    source.problem(place, "E301", f"no agent named `{name}`", hint, path)


def _tool(
    source: Source,
    made: Typed[Conversation],
    vertical: Typed[Vertical],
    name: str,
    steps: Steps,
    *,
    key: bool,
) -> None:
    known = vertical.named("tools")
    if name in known or vertical.open("tools") or made.unsure(*steps):
        return
    place, path = locate(made.root, steps, key=key)
    hint = source.hint(name, known)
    source.problem(place, "E302", f"no tool named `{name}`", hint, path)


def _arguments(
    source: Source,
    made: Typed[Conversation],
    vertical: Typed[Vertical],
    tool: str,
    arguments: list[str],
    steps: Steps,
) -> None:
    if tool not in vertical.named("tools") or vertical.open("tools", tool, "parameters"):
        return
    known = vertical.named("tools", tool, "parameters")
    for name in arguments:
        if name not in known and not made.unsure(*steps, name):
            place, path = locate(made.root, (*steps, name), key=True)
            hint = source.hint(name, known)
            source.problem(place, "E315", f"no parameter of `{tool}` named `{name}`", hint, path)


def _now(source: Source, made: Typed[Conversation]) -> None:
    now = made.content.given.now
    if now is None or made.unsure("given", "now"):
        return
    try:
        datetime.fromisoformat(now)
    except ValueError:
        place, path = locate(made.root, ("given", "now"))
        source.problem(place, "E316", f"there is no moment `{now}`", path=path)
