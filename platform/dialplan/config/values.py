"""What a YAML file holds: text, lists and mappings, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line and column from 1."""

    file: str
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a YAML file: text, a list or a mapping.

    Attributes:
        plain: whether it is text without quotes.
        keys: where each key of a mapping stands.
        broken: whether it could not be read; the problem is noted already.
    """

    place: Place
    content: str | list[Value] | dict[str, Value]
    plain: bool = False
    keys: dict[str, Place] = field(default_factory=dict)
    broken: bool = False
