"""Which tools were used, refused, or must not have been, held against what is expected. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from dialplan.emulators.conversations.account import Ran
from dialplan.emulators.conversations.miss import Miss, Steps, listed
from dialplan.emulators.conversations.words import same
from dialplan.model.conversation import Absent, Uses

USED = frozenset({"ok", "not_found", "confirm"})
"""How a tool's run may go to count as used: it ran, or the caller is asked whether it shall."""

TOUCHED = USED | {"failed", "cancelled"}
"""And to count against one that must not be used: these may have done something."""


def used(
    at: Steps, wanted: Uses | None, ran: Sequence[Ran], statuses: Collection[str], words: str
) -> Iterator[Miss]:
    """Yield the tools that did not go as wanted; `words` say how that is."""
    if isinstance(wanted, str):
        yield from _one(at, wanted, {}, ran, statuses, words)
    for name, arguments in wanted.items() if isinstance(wanted, Mapping) else ():
        yield from _one((*at, name), name, arguments, ran, statuses, words)


def forbidden(at: Steps, wanted: Absent | None, ran: Sequence[Ran]) -> Iterator[Miss]:
    """Yield the tools that were used and must not have been."""
    done = [one for one in ran if one.status in TOUCHED]
    for below, name in banned(wanted, [one.tool for one in done]):
        said = "no tool to be used" if wanted is True else f"the tool `{name}` not to be used"
        yield Miss((*at, *below), said, listed(shown(one) for one in done if one.tool == name))


def banned(wanted: Absent | None, got: Sequence[str]) -> Iterator[tuple[Steps, str]]:
    """Yield each name that must not be among those there are, once, and its place below the key."""
    for name in dict.fromkeys(got):
        if wanted is True or name == wanted:
            yield (), name
        elif isinstance(wanted, tuple) and name in wanted:
            yield (wanted.index(name),), name


def shown(ran: Ran) -> str:
    """Return one run of a tool in a line."""
    given = ", ".join(f"{name}: {_json(value)}" for name, value in ran.arguments.items())
    return f"`{ran.tool}` {{{given}}} -> {ran.status}"


def _one(
    at: Steps,
    name: str,
    arguments: Mapping[str, object],
    ran: Sequence[Ran],
    statuses: Collection[str],
    words: str,
) -> Iterator[Miss]:
    for one in ran:
        given = one.arguments
        fits = all(key in given and same(value, given[key]) for key, value in arguments.items())
        if one.tool == name and one.status in statuses and fits:
            return
    wanted = f"the tool `{name}`"
    if arguments:
        wanted += " with " + ", ".join(f"{key}: {_json(v)}" for key, v in arguments.items())
    yield Miss(at, f"{wanted}{words}", listed(map(shown, ran)) or "no tool ran")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
