"""Conversation files to conversations whose parts know their place, or all of their problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dialplan.config.problem import Problem
from dialplan.config.shape import Typed, typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.config.tenants import misfit
from dialplan.config.values import Place, Value
from dialplan.model.conversation import Conversation
from dialplan.model.vertical import Vertical


@dataclass(frozen=True, slots=True)
class LoadedConversation:
    """A conversation and where each part of it stands. `name` is its file in the folder."""

    name: str
    file: Path
    conversation: Conversation
    root: Value = field(repr=False)

    def place(self, steps: Iterable[str | int]) -> Place:
        """Return where a value stands, walking as far as the steps lead."""
        return locate(self.root, steps)[0]


def read(
    folder: Path, vertical: Typed[Vertical]
) -> tuple[dict[str, LoadedConversation], list[Problem]]:
    """Read all conversations of a vertical, by file name inside its folder, in order."""
    pattern = vertical.content.conversations
    found: dict[str, LoadedConversation] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob(pattern)) if pattern is not None else ():
        name = file.relative_to(folder).as_posix()
        source = Source(folder)
        root = source.load(name)
        made = typed(source, root, Conversation) if root is not None else None
        if made is not None:
            _Check(source, made, vertical).all()
            found[name] = LoadedConversation(name, file, made.content, made.root)
        problems += source.problems
    return found, problems


class _Check:
    """Checks one conversation; nothing is concluded from what is broken on either side."""

    def __init__(
        self, source: Source, made: Typed[Conversation], vertical: Typed[Vertical]
    ) -> None:
        self._source = source
        self._made = made
        self._vertical = vertical

    def all(self) -> None:
        conversation = self._made.content
        self._given(conversation)
        for index, turn in enumerate(conversation.turns):
            at: Steps = ("turns", index)
            if turn.expect.handoff is not None:
                self._agent((*at, "expect", "handoff"), turn.expect.handoff)
            self._tools((*at, "expect", "tool"), turn.expect.tool)
            for number, step in enumerate(turn.model or ()):
                if step.say is None and not step.tool and step.handoff is None:
                    message = "expected `say`, `tool` or `handoff`"
                    self._problem((*at, "model", number), "E207", message)
                self._tools((*at, "model", number, "tool"), step.tool)
                if step.handoff is not None:
                    self._agent((*at, "model", number, "handoff"), step.handoff)
            if conversation.scripted and turn.model is None and not self._made.lost(*at):
                message = "`model` is missing"
                self._problem(at, "E202", message, "every turn has it, or none")
        for name in conversation.mocks:
            self._tool(("mocks", name), name, key=True)

    def _given(self, conversation: Conversation) -> None:
        given = conversation.given
        if given.now is not None:
            try:
                datetime.fromisoformat(given.now)
            except ValueError:
                self._problem(("given", "now"), "E316", f"there is no moment `{given.now}`")
        if given.seed is not None and not (self._source.folder / given.seed).is_file():
            message = f"cannot read `{given.seed}`: no such file"
            self._problem(("given", "seed"), "E108", message)
        variables = self._vertical.content.variables
        declared = self._vertical.named("variables")
        for name, value in given.variables.items():
            at: Steps = ("given", "variables", name)
            if name not in declared:
                if not self._vertical.open("variables"):
                    hint = self._source.hint(name, declared)
                    self._problem(at, "E303", f"no variable named `{name}`", hint, key=True)
            elif not self._vertical.unsure("variables", name) and (
                fault := misfit(variables[name], value)
            ):
                self._problem(at, "E311", *fault)
        if self._vertical.lost("variables") or self._made.lost("given"):
            return
        for name, variable in variables.items():
            if variable.default is None and name not in given.variables:
                hint = "give it one under `given.variables`"
                self._problem(("given",), "E314", f"variable `{name}` has no value", hint, key=True)

    def _agent(self, at: Steps, name: str) -> None:
        known = self._vertical.named("agents")
        if name not in known and not self._vertical.open("agents"):
            self._problem(at, "E301", f"no agent named `{name}`", self._source.hint(name, known))

    def _tools(self, at: Steps, written: str | Mapping[str, Mapping[str, object]] | None) -> None:
        if isinstance(written, str):
            self._tool(at, written)
            return
        for name, arguments in (written or {}).items():
            parameters: Steps = ("tools", name, "parameters")
            if not self._tool((*at, name), name, key=True) or self._vertical.open(*parameters):
                continue
            known = self._vertical.named(*parameters)
            for one in arguments:
                if one not in known:
                    hint = self._source.hint(one, known)
                    message = f"no parameter of `{name}` named `{one}`"
                    self._problem((*at, name, one), "E315", message, hint, key=True)

    def _tool(self, at: Steps, name: str, *, key: bool = False) -> bool:
        known = self._vertical.named("tools")
        if name in known:
            return True
        if not self._vertical.open("tools"):
            hint = self._source.hint(name, known)
            self._problem(at, "E302", f"no tool named `{name}`", hint, key=key)
        return False

    def _problem(
        self, at: Steps, code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        # What is missing as a whole (`given`) has no place of its own: the way to it is taken.
        if self._made.open(*at):
            return
        place, path = locate(self._made.root, at, key=key)
        self._source.problem(place, code, message, hint, path)
