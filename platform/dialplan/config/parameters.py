"""Parameters of tools that contradict themselves: no argument could be given for them.

Adds problems to the source, changes nothing. Concludes nothing from what is broken in the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.config.call_fields import note_unmeant, unlike
from dialplan.config.problem import listed
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps
from dialplan.model.after_call import CallField
from dialplan.model.tool import Parameter
from dialplan.model.vertical import Vertical

_NUMBERS = ("integer", "number")
_NO_TEXTS = (*_NUMBERS, "boolean")


def check(source: Source, made: Typed[Vertical]) -> None:
    """Note the parameters that no argument could satisfy as their author means it."""
    for tool, what in made.content.tools.items():
        for name, parameter in what.parameters.items():
            at: Steps = ("tools", tool, "parameters", name)
            if made.lost(*at):
                continue
            note_unmeant(source, made, at, _contradictions(parameter), parameter.enum or ())


def _contradictions(one: Parameter) -> Iterator[tuple[str, str, str]]:
    """Yield the key, what is wrong with it, and what to do."""
    this = f"this is {'an' if one.type[0] in 'aeiou' else 'a'} `{one.type}`"
    for key in ("minimum", "maximum"):
        if one.type not in _NUMBERS and getattr(one, key) is not None:
            hint = "make it `type: integer` or `number`, or remove the limit"
            yield key, f"`{key}` is for numbers, and {this}", hint
    for key in ("enum", "min_length", "max_length", "pattern"):
        if one.type in _NO_TEXTS and getattr(one, key) is not None:
            hint = "make it `type: string`, or say it with `minimum` and `maximum`"
            yield key, f"`{key}` is for texts, and {this}", hint
    for low, high, of in (("minimum", "maximum", ""), ("min_length", "max_length", " characters")):
        least, most = getattr(one, low), getattr(one, high)
        if least is not None and most is not None and least > most:
            message = f"nothing has at least {least:g} and at most {most:g}{of}"
            if not of:
                message = f"no number is at least {least:g} and at most {most:g}"
            yield low, message, f"swap `{low}` and `{high}`"
    if wanted := _unfit(one):
        got = str(one.default).lower() if isinstance(one.default, bool) else str(one.default)[:60]
        hint = "a day of the call is `{{ call.now }}`" if one.type in ("date", "datetime") else ""
        yield "default", f"expected a default that is {wanted}, got `{got}`", hint


def _unfit(one: Parameter) -> str:
    """What a default would have to be; empty where it may be one, or is worked out in the call."""
    value = one.default
    if value is None or (isinstance(value, str) and ("{{" in value or "{%" in value)):
        return ""
    if one.enum is not None and one.type not in _NO_TEXTS:
        return "" if value in one.enum else f"one of {listed(one.enum)}"
    if one.type in ("string", "phone", "email"):
        return ""
    field = CallField(type=one.type, minimum=one.minimum, maximum=one.maximum)
    return unlike(field, value)
