"""Tenants: callers who would go in circles, and verticals that nobody can call."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.config.lint.notes import Notes
from dialplan.model.tenants import Tenant, Tenants
from dialplan.model.vertical import Vertical


def lint_tenants(notes: Notes, tenants: Tenants, verticals: Mapping[str, Vertical]) -> None:
    """Note what a tenant's callers would find out."""
    lines = {number: name for name, one in tenants.tenants.items() for number in one.lines}
    for name, tenant in tenants.tenants.items():
        looped: set[tuple[str, str]] = set()
        for vertical in dict.fromkeys(tenant.lines.values()):
            if vertical in verticals:
                looped |= _loops(tenant, verticals[vertical], lines)
        for variable, number in sorted(looped):
            own = variable in tenant.variables
            steps = ("tenants", name, "variables", variable) if own else ("tenants", name)
            message = f"`{variable}` is {number}, which an agent answers: callers go in a circle"
            notes.at(steps, "W452", message, "give it the number of a person", key=not own)
    called = {vertical for one in tenants.tenants.values() for vertical in one.lines.values()}
    for name in sorted(verticals.keys() - called):
        hint = f'add a line: `lines: {{"+15550100001": {name}}}`'
        notes.at(("tenants",), "W451", f"no number leads to the vertical `{name}`", hint, key=True)


def _loops(tenant: Tenant, vertical: Vertical, lines: Mapping[str, str]) -> set[tuple[str, str]]:
    transfers = [tool for tool in vertical.tools.values() if tool.builtin == "transfer"]
    used = {name for tool in transfers for name in tool.destinations}
    away = vertical.when_unavailable
    if away is not None and not isinstance(away.then, str):
        used.add(away.then.dial)
    found = set()
    for variable in used:
        if variable not in vertical.variables:
            continue
        number = tenant.variables.get(variable, vertical.variables[variable].default)
        if isinstance(number, str) and number in lines:
            found.add((variable, number))
    return found
