"""Who among the other processes is gone, from how often it was found silent. Pure.

Counted in looks and not in seconds: while the database is away nobody beats, and while this process
stands still it sees nobody. Neither is a sign that another one is dead, and neither is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from dialplan.store.lost import Silent

LOOKS = 20
"""In so many looks in a row, each a beat of our own apart, the same last beat was found: with what
makes it silent at first (`DEAD_S`), some two minutes. No call outlives that in a process that
stands still, and one that is only cut off from the database for longer corrects the end."""


class Silence:
    """One process's view; `looks` is how often in a row a silent one must be seen to be gone."""

    def __init__(self, looks: int = LOOKS) -> None:
        self._looks = looks
        self._seen: dict[Silent, int] = {}

    def looked(self, silent: Iterable[Silent]) -> list[Silent]:
        """Take what a look found; return who is gone by now.

        Who has beaten in between counts from the beginning, for its last beat is another one.
        """
        self._seen = {one: self._seen.get(one, 0) + 1 for one in silent}
        return [one for one, times in self._seen.items() if times >= self._looks]

    def missed(self) -> None:
        """Take note that a look failed: nobody can tell who beat meanwhile."""
        self._seen.clear()
