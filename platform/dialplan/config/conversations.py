"""Conversation files to conversations whose parts know their place, or all of their problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dialplan.config.load import LoadedVertical, misfit
from dialplan.config.problem import Problem, VerticalProblems, did_you_mean, errors_in
from dialplan.config.shape import locate, typed
from dialplan.config.source import Place, Source, Value
from dialplan.model.conversation import Conversation
from dialplan.model.vertical import Vertical

Steps = tuple[str | int, ...]
"""The way to a value in a file: keys and indexes."""


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


def load_conversations(loaded: LoadedVertical) -> dict[str, LoadedConversation]:
    """All conversations of a vertical, by file name inside its folder, in order.

    Raises:
        VerticalProblems: some have errors; all of them are in it.
    """
    pattern = loaded.vertical.conversations
    if pattern is None:
        return {}
    found: dict[str, LoadedConversation] = {}
    problems: list[Problem] = []
    for file in sorted(loaded.folder.glob(pattern)):
        name = file.relative_to(loaded.folder).as_posix()
        source = Source(loaded.folder)
        root = source.load(name)
        made = typed(source, root, Conversation) if root is not None else None
        if root is not None and made is not None:
            _Check(source, root, loaded.vertical).all(made)
            found[name] = LoadedConversation(name, file, made, root)
        problems += source.problems
    if errors_in(problems):
        raise VerticalProblems(problems)
    return found


class _Check:
    """Checks one conversation against its vertical."""

    def __init__(self, source: Source, root: Value, vertical: Vertical) -> None:
        self._source = source
        self._root = root
        self._vertical = vertical

    def all(self, conversation: Conversation) -> None:
        self._given(conversation)
        for index, turn in enumerate(conversation.turns):
            at = ("turns", index)
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
            if conversation.scripted and turn.model is None:
                message = "`model` is missing"
                self._problem(at, "E202", message, "every turn has it, or none")
        for name in conversation.mocks:
            self._tool(("mocks", name), name, key=True)

    def _given(self, conversation: Conversation) -> None:
        seed, values = conversation.given.seed, conversation.given.variables
        if seed is not None and not (self._source.folder / seed).is_file():
            self._problem(("given", "seed"), "E108", f"cannot read `{seed}`: no such file")
        known = self._vertical.variables
        for name, value in values.items():
            at = ("given", "variables", name)
            if name not in known:
                hint = did_you_mean(name, known)
                self._problem(at, "E303", f"no variable named `{name}`", hint, key=True)
            elif fault := misfit(known[name].type, value):
                self._problem(at, "E311", fault)
        for name, variable in known.items():
            if variable.default is None and name not in values:
                hint = "give it one under `given.variables`"
                self._problem(("given",), "E314", f"variable `{name}` has no value", hint, key=True)

    def _agent(self, at: Steps, name: str) -> None:
        if name not in self._vertical.agents:
            hint = did_you_mean(name, self._vertical.agents)
            self._problem(at, "E301", f"no agent named `{name}`", hint)

    def _tools(self, at: Steps, written: str | Mapping[str, Mapping[str, object]] | None) -> None:
        if isinstance(written, str):
            self._tool(at, written)
            return
        for name, arguments in (written or {}).items():
            if not self._tool((*at, name), name, key=True):
                continue
            known = self._vertical.tools[name].parameters
            for one in arguments:
                if one not in known:
                    hint = did_you_mean(one, known)
                    message = f"`{name}` has no parameter named `{one}`"
                    self._problem((*at, name, one), "E203", message, hint, key=True)

    def _tool(self, at: Steps, name: str, *, key: bool = False) -> bool:
        if name in self._vertical.tools:
            return True
        hint = did_you_mean(name, self._vertical.tools)
        self._problem(at, "E302", f"no tool named `{name}`", hint, key=key)
        return False

    def _problem(
        self, at: Steps, code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        place, path = locate(self._root, at, key=key)
        self._source.problem(place, code, message, hint, path)
