"""What differs between two versions of a vertical, in the words of its file.

Tables are not here: what they need depends on the data, which only the database knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dialplan.config.load import LoadedVertical
from dialplan.model.shape import Shape
from dialplan.model.tenants import Tenants

How = Literal["added", "removed", "changed"]
Needs = Literal["nothing", "next call"]

_NAMED = ("agents", "tools", "variables", "state", "endpoints")
_WHOLE = ("title", "voice", "hours", "limits", "when_unavailable", "secrets", "after_call")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `details` are keys that differ, with `+` or `-` where one has it alone."""

    area: str
    name: str
    how: How
    details: tuple[str, ...] = ()
    needs: Needs = "next call"


def changes_between(old: LoadedVertical | None, new: LoadedVertical) -> list[Change]:
    """Return what is different in `new`; without an `old` one, everything is added."""
    before = None if old is None else old.vertical
    found: list[Change] = []
    for area in _NAMED:
        found += _named(
            area, {} if before is None else getattr(before, area), getattr(new.vertical, area)
        )
    found += _prompts({} if old is None else old.prompts, new.prompts)
    if before is None:
        return found
    for area in _WHOLE:
        was, now = getattr(before, area), getattr(new.vertical, area)
        if was != now:
            found.append(Change(area, "", "changed", _details(was, now)))
    return found + _files(old.files if old else {}, new.files)


def numbers_between(old: Tenants | None, new: Tenants) -> list[Change]:
    """Return the called numbers that are new, gone, or answered by somebody else."""
    was, now = {} if old is None else _lines(old), _lines(new)
    found = [Change("numbers", one, "added", (now[one],)) for one in now if one not in was]
    found += [Change("numbers", one, "removed", (was[one],)) for one in was if one not in now]
    return found + [
        Change("numbers", one, "changed", (f"{was[one]} -> {now[one]}",))
        for one in now
        if one in was and was[one] != now[one]
    ]


def _lines(tenants: Tenants) -> dict[str, str]:
    return {
        number: f"{name} / {vertical}"
        for name, tenant in tenants.tenants.items()
        for number, vertical in tenant.lines.items()
    }


def _named(area: str, was: Mapping[str, Shape], now: Mapping[str, Shape]) -> list[Change]:
    found = [Change(area, name, "added") for name in now if name not in was]
    found += [Change(area, name, "removed") for name in was if name not in now]
    for name in now:
        if name in was and was[name] != now[name]:
            # An agent's prompt may be a file: its text is compared by itself.
            details = _details(was[name], now[name])
            found.append(Change(area, name, "changed", details))
    return found


def _details(was: object, now: object) -> tuple[str, ...]:
    if not isinstance(was, Shape) or not isinstance(now, Shape):
        return ()
    found: list[str] = []
    for key in type(now).model_fields:
        one, other = getattr(was, key, None), getattr(now, key)
        if one == other:
            continue
        inner = _inner(one, other)
        found.append(f"{key} ({', '.join(inner)})" if inner else key)
    return tuple(found)


def _inner(was: object, now: object) -> list[str]:
    """Return the members that one of two lists or mappings has alone, and those that differ."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        differ = [str(key) for key in now if key in was and was[key] != now[key]]
        return [
            *(f"+{key}" for key in now if key not in was),
            *(f"-{key}" for key in was if key not in now),
            *differ,
        ]
    if isinstance(was, tuple) and isinstance(now, tuple):
        if not all(isinstance(one, str) for one in (*was, *now)):
            return []
        return [
            *(f"+{one}" for one in now if one not in was),
            *(f"-{one}" for one in was if one not in now),
        ]
    return []


def _prompts(was: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    return [
        Change(
            "prompts",
            name,
            "added" if name not in was else "changed",
            _counted(was.get(name, ""), text),
        )
        for name, text in now.items()
        if was.get(name) != text
    ]


def _counted(was: str, now: str) -> tuple[str, ...]:
    before, after = was.splitlines(), now.splitlines()
    added = sum(line not in before for line in after)
    removed = sum(line not in after for line in before)
    return (f"+{added} -{removed} lines",)


def _files(was: Mapping[str, bytes], now: Mapping[str, bytes]) -> list[Change]:
    """Return the files that no call reads: conversations, seeds, rehearsals, notes."""
    found: list[Change] = []
    for name in sorted({*was, *now}):
        if name == "vertical.yaml" or was.get(name) == now.get(name) or name.startswith("prompts/"):
            continue
        how: How = "added" if name not in was else "removed" if name not in now else "changed"
        found.append(Change("files", name, how, needs="nothing"))
    return found
