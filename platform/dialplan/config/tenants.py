"""What a tenants file must agree on with the verticals that its numbers lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from dialplan.config.problem import nearest
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.model.shape import PHONE
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Variable, Vertical


def check(source: Source, made: Typed[Tenants], verticals: Iterable[Typed[Vertical]]) -> None:
    """Note what does not fit; nothing is concluded from what is broken on either side."""
    verticals = list(verticals)
    named = {one.content.name: one for one in verticals if not one.unsure("name")}
    every = len(named) == len(verticals)
    for name in made.content.canary:
        if every and name not in named and not made.unsure("canary", name):
            place, path = locate(made.root, ("canary", name), key=True)
            hint = source.hint(name, named)
            source.problem(place, "E312", f"no vertical named `{name}`", hint, path)
    owners: dict[str, str] = {}
    for name, tenant in made.content.tenants.items():
        at: Steps = ("tenants", name)
        mine: list[Typed[Vertical]] = []
        sure = every and not made.lost(*at)
        for number, vertical in tenant.lines.items():
            steps = (*at, "lines", number)
            if made.unsure(*steps):
                continue
            place, path = locate(made.root, steps)
            if vertical in named:
                mine.append(named[vertical])
            elif every:
                hint = source.hint(vertical, named)
                source.problem(place, "E312", f"no vertical named `{vertical}`", hint, path)
            if number in owners:
                place, path = locate(made.root, steps, key=True)
                message = f"`{number}` already belongs to `{owners[number]}`"
                source.problem(place, "E313", message, path=path)
            owners.setdefault(number, name)
        _values(source, made, name, mine, sure=sure)


def _values(
    source: Source, made: Typed[Tenants], name: str, mine: list[Typed[Vertical]], *, sure: bool
) -> None:
    tenant = made.content.tenants[name]
    at: Steps = ("tenants", name)
    known = {
        key: variable
        for one in mine
        for key, variable in one.content.variables.items()
        if not one.unsure("variables", key)
    }
    declared = frozenset(key for one in mine for key in one.named("variables"))
    whole = sure and not any(one.open("variables") for one in mine)
    for key, value in tenant.variables.items():
        if made.unsure(*at, "variables", key):
            continue
        place, path = locate(made.root, (*at, "variables", key), key=True)
        if key not in declared:
            if whole:
                message = f"no variable named `{key}` in its verticals"
                source.problem(place, "E303", message, source.hint(key, declared), path)
        elif key in known and (fault := misfit(known[key], value)):
            place, _ = locate(made.root, (*at, "variables", key))
            source.problem(place, "E311", *fault, path)
    if not sure:
        return
    place, path = locate(made.root, at, key=True)
    for key, variable in known.items():
        if variable.default is None and key not in tenant.variables:
            source.problem(place, "E314", f"variable `{key}` has no value", path=path)
    for secret in sorted({one for vertical in mine for one in vertical.content.secrets}):
        if secret not in tenant.secrets:
            hint = f"add `secrets: {{{secret}: env:NAME}}`"
            source.problem(place, "W404", f"secret `{secret}` has no value", hint, path)


def check_defaults(source: Source, made: Typed[Vertical]) -> None:
    """Note defaults of variables that do not fit their type."""
    for name, variable in made.content.variables.items():
        steps = ("variables", name, "default")
        if variable.default is None or made.unsure(*steps):
            continue
        if fault := misfit(variable, variable.default):
            place, path = locate(made.root, steps)
            source.problem(place, "E311", *fault, path)


def misfit(variable: Variable, value: object) -> tuple[str, str] | None:
    """What is wrong with the value of a variable and what to do, or nothing."""
    hint = ""
    match variable.type:
        case "phone":
            fits = isinstance(value, str) and re.fullmatch(PHONE.strip("^$"), value) is not None
            expected = "a phone number such as `+15550100001`"
        case "timezone":
            fits = isinstance(value, str) and _is_zone(value)
            expected = "a time zone such as `America/Chicago`"
            hint = "" if fits else _zone_hint(str(value))
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
            expected = "a whole number"
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            expected = "a number"
        case "boolean":
            fits, expected = isinstance(value, bool), "`true` or `false`"
        case _:
            return None
    got = str(value).lower() if isinstance(value, bool) else str(value)[:60]
    return None if fits else (f"expected {expected}, got `{got}`", hint)


def _is_zone(name: str) -> bool:
    # Listing all zones reads hundreds of files; one name is one file.
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone_hint(written: str) -> str:
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(_zones(), reverse=True)}
    city = nearest(written.rpartition("/")[2].replace(" ", "_"), cities)
    return f"did you mean `{cities[city]}`?" if city else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
