"""A mind whose decisions were written down beforehand, for exact tests.

Protocol and timing are the emulator's; only what to say and which tool to call comes from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from dialplan.emulators.openai.mind import Decision, Say, Turn
from dialplan.emulators.openai.sentences import split
from dialplan.emulators.openai.verbatim import verbatim


class ScriptedMind:
    """Takes one step of the script for each response, in the order they are generated.

    A response that asks for exact words gets them and takes no step. Every turn the mind was shown
    is kept in `turns`, oldest first.

    Args:
        steps: what each response consists of.
        per_session: every session plays the script from its start, rather than all sharing it.
    """

    def __init__(self, steps: Sequence[Sequence[Decision]], *, per_session: bool = False) -> None:
        self._steps = tuple(tuple(step) for step in steps)
        self._per_session = per_session
        self._taken: dict[str, int] = {}
        self.turns: list[Turn] = []

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Yield the decisions of the next step.

        Raises:
            LookupError: the script is over; the response fails.
        """
        self.turns.append(turn)
        words = verbatim(turn.response_instructions)
        if words is not None:
            for sentence in split(words):
                yield Say(sentence)
            return
        key = turn.session_id if self._per_session else ""
        taken = self._taken.get(key, 0)
        if taken >= len(self._steps):
            raise LookupError(f"the script has {len(self._steps)} steps, expected another one")
        self._taken[key] = taken + 1
        for decision in self._steps[taken]:
            yield decision

    def left(self, session_id: str = "") -> int:
        """Return how many steps were not taken yet."""
        key = session_id if self._per_session else ""
        return len(self._steps) - self._taken.get(key, 0)
