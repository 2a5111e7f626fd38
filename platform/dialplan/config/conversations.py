"""Conversation files to conversations whose parts know their place, or all of their problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dialplan.config.conversation_check import ConversationCheck
from dialplan.config.problem import Problem
from dialplan.config.shape import Typed, typed
from dialplan.config.source import Source
from dialplan.config.steps import locate
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
            ConversationCheck(source, made, vertical).all()
            found[name] = LoadedConversation(name, file, made.content, made.root)
        problems += source.problems
    return found, problems
