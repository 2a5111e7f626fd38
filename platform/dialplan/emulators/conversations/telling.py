"""A call as lines for a reader: who said and did what, turn by turn. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from dialplan.emulators.conversations.account import Account, Handed, Ran, Said, TurnAccount
from dialplan.emulators.conversations.deeds import deed
from dialplan.emulators.conversations.usage import shown
from dialplan.model.conversation import Conversation


def told_by_turn(conversation: Conversation, account: Account) -> list[list[str]]:
    """Return the lines of the greeting, then those of each turn that there was."""
    turns = [list(_happened(account.greeting))]
    for turn, got in zip(conversation.turns, account.turns, strict=False):
        heard = any(isinstance(one, Said) and not one.agent for one in got.happenings)
        # The call may be over before these words are written down.
        turns.append([*([] if heard else [deed(turn)]), *_happened(got)])
    return turns


def _happened(turn: TurnAccount) -> Iterator[str]:
    for one in turn.happenings:
        match one:
            case Said(agent, words):
                yield f"{agent or 'caller'}: {words}"
            case Ran():
                yield f"  tool {shown(one)}"
            case Handed(source, target):
                yield f"  handoff {source} -> {target}"
            case _:
                assert_never(one)
