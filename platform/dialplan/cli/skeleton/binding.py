"""Binds a number to a vertical in a tenants file, without touching what its author wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Container
from pathlib import Path

import yaml

from dialplan.config.load import read_tenants
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError
from dialplan.model.tenants import Tenants

# Numbers of films and documentation: they ring nobody.
_FIRST, _LAST = 15550100001, 15550109999


def owners(tenants: Tenants | None) -> dict[str, str]:
    """Return whose each number is."""
    known = tenants.tenants if tenants is not None else {}
    return {number: name for name, one in known.items() for number in one.lines}


def free_number(taken: Container[str]) -> str:
    """Return the first made-up number that nobody has.

    Raises:
        ConfigError: all of them are taken.
    """
    numbers = (f"+{number}" for number in range(_FIRST, _LAST + 1))
    found = next((number for number in numbers if number not in taken), None)
    if found is None:
        raise ConfigError("every number that can be proposed is taken: give one with `--line`")
    return found


def entry(vertical: str, number: str, *, indent: str = "  ") -> str:
    """Return the lines that bind a number: a tenant that is named like the vertical."""
    return f'{indent}{vertical}:\n{indent}{indent}lines: {{"{number}": {vertical}}}\n'


def with_line(text: str | None, vertical: str, number: str) -> str | None:
    """Return the text of a tenants file with one more number; None where only its author can.

    Everything that was there stays as it was, to the letter. What comes out is read again, and
    must mean what it meant before and the one tenant more.

    Args:
        text: the file as it stands, None when there is none.
        vertical: where the number leads; its tenant gets the same name.
        number: the number.
    """
    if text is None:
        return "# What a called number resolves to.\ntenants:\n" + entry(vertical, number)
    indent = _indent_of_tenants(text)
    before = _read(text)
    if indent is None or before is None or vertical in before.tenants:
        return None
    after = text if text.endswith("\n") else f"{text}\n"
    after += entry(vertical, number, indent=indent)
    mine = _read("tenants:\n" + entry(vertical, number))
    read = _read(after)
    same = (
        read is not None and mine is not None and read.tenants == {**before.tenants, **mine.tenants}
    )
    return after if same else None


def _indent_of_tenants(text: str) -> str | None:
    """Return how far tenants are indented, None unless each begins a line of its own."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    if not isinstance(root, yaml.MappingNode) or not root.value:
        return None
    key, tenants = root.value[-1]
    if key.value != "tenants" or not isinstance(tenants, yaml.MappingNode):
        return None
    if tenants.flow_style or not tenants.value:
        return None
    return " " * int(tenants.value[-1][0].start_mark.column)


def _read(text: str) -> Tenants | None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tenants.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            return read_tenants(file)
        except VerticalProblems:
            return None
