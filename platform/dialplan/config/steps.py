"""Ways through a file: keys and indices that lead to a value, and the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable, KeysView

from dialplan.config.values import Place, Value

Steps = tuple[str | int, ...]


def walk(root: Value, steps: Iterable[object]) -> tuple[Value, Steps]:
    """The value that steps lead to, and the steps that were found; those that are none are skipped.

    The types name the branches of a choice among their steps; a file has no such thing.
    """
    value, taken = root, list[str | int]()
    for step in steps:
        inner = value.content
        if isinstance(inner, dict) and isinstance(step, str) and step in inner:
            value = inner[step]
            taken.append(step)
        elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
            value = inner[step]
            taken.append(step)
    return value, tuple(taken)


def locate(root: Value, steps: Iterable[object], *, key: bool = False) -> tuple[Place, str]:
    """The place of a value, walking as far as the steps lead; with `key`, of its key."""
    value, taken = walk(root, steps)
    above, _ = walk(root, taken[:-1])
    path = ""
    for step in taken:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    if taken and isinstance(taken[-1], str) and (key or not isinstance(value.content, str)):
        return above.keys[taken[-1]], path
    return value.place, path


def exists(root: Value, steps: Steps) -> bool:
    """Whether the file itself has a value there."""
    return walk(root, steps)[1] == steps


def names(root: Value, *steps: str | int) -> KeysView[str]:
    """The keys of a mapping of the file, whether what they hold is right or not."""
    value, taken = walk(root, steps)
    found = value.content if taken == steps else {}
    return (found if isinstance(found, dict) else {}).keys()


def outline(data: object) -> Value:
    """Plain data as the values of a file that stands nowhere: its names, for those who look."""
    place = Place("", 1, 1)
    if isinstance(data, dict):
        inner = {str(name): outline(item) for name, item in data.items()}
        return Value(place, inner, keys=dict.fromkeys(inner, place))
    if isinstance(data, list):
        return Value(place, [outline(item) for item in data])
    return Value(place, str(data))
