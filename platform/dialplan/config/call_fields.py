"""Fields of `after_call` that contradict themselves, and values that a field can never have.

Adds problems to the source, changes nothing. Concludes nothing from what is broken in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time

from dialplan.config.problem import listed
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.model.after_call import MOST_CHARACTERS, CallField
from dialplan.model.vertical import Vertical

_MOMENTS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": datetime.fromisoformat,
}
_WRITTEN = {"date": "2026-03-02", "time": "14:30", "datetime": "2026-03-02T14:30"}


def check(source: Source, made: Typed[Vertical]) -> None:
    """Note the fields that no answer could fill as their author means it."""
    after = made.content.after_call
    if after is None:
        return
    for name, field in after.fields.items():
        at: Steps = ("after_call", "fields", name)
        if made.lost(*at):
            continue
        note_unmeant(source, made, at, _contradictions(field), field.enum or ())


def note_unmeant(
    source: Source,
    made: Typed[Vertical],
    at: Steps,
    contradictions: Iterable[tuple[str, str, str]],
    values: Sequence[object],
) -> None:
    """Note the keys below `at` that contradict each other, and values that stand there twice.

    A contradiction is a key, what is wrong with it, and what to do.
    """
    for key, message, hint in contradictions:
        place, path = locate(made.root, (*at, key), key=True)
        source.problem(place, "E331", message, hint, path)
    for index, value in enumerate(values):
        if value in values[:index]:
            place, path = locate(made.root, (*at, "enum", index))
            source.problem(place, "E332", f"`{value}` is there twice", "remove one", path)


def unlike(field: CallField, value: object) -> str:
    """Say what a value of the field would be, empty where this may be one."""
    if field.enum is not None:
        return "" if value in field.enum else f"one of {listed(field.enum)}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match field.type:
        case "integer" if not (number and isinstance(value, int)):
            return "a whole number"
        case "number" if not number:
            return "a number"
        case "integer" | "number":
            return _out_of_range(field, value)
        case "boolean":
            return "" if isinstance(value, bool) else "`true` or `false`"
        case _ if not isinstance(value, str):
            return "text (with quotes, if it looks like a number)"
        case "string":
            most = MOST_CHARACTERS if field.max_length is None else field.max_length
            return "" if len(value) <= most else f"at most {most} characters"
        case "date" | "time" | "datetime" as kind:
            return "" if _is_moment(value, kind) else f"a {kind}, such as `{_WRITTEN[kind]}`"
    return ""


def _contradictions(field: CallField) -> list[tuple[str, str, str]]:
    """Return the key, what is wrong with it, and what to do."""
    kind = "enum" if field.type is None else field.type
    found: list[tuple[str, str, str]] = []
    limits = [key for key in ("minimum", "maximum") if getattr(field, key) is not None]
    if kind not in ("integer", "number"):
        hint = "make it `type: integer`, or remove the limit"
        found += [(key, f"`{key}` is for numbers, and this is {_an(kind)}", hint) for key in limits]
    elif field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        message = f"no number is at least {field.minimum:g} and at most {field.maximum:g}"
        found.append(("minimum", message, "swap `minimum` and `maximum`"))
    if field.max_length is not None and kind != "string":
        message = f"`max_length` is for texts, and this is {_an(kind)}"
        found.append(("max_length", message, "remove it"))
    return found


def _an(kind: str) -> str:
    return f"an `{kind}`" if kind[0] in "aeiou" else f"a `{kind}`"


def _out_of_range(field: CallField, value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    if field.minimum is not None and value < field.minimum:
        return f"at least {field.minimum:g}"
    if field.maximum is not None and value > field.maximum:
        return f"at most {field.maximum:g}"
    return ""


def _is_moment(value: str, kind: str) -> bool:
    try:
        _MOMENTS[kind](value)
    except ValueError:
        return False
    return True
