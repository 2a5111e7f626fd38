"""Prints an explanation of a number for people and for machines."""

from __future__ import annotations

import json
import textwrap

from dialplan.runtime.explanation import Explanation, Row

VALUE_WIDTH = 62
"""Where a long value goes on in the next line, so that the places stay in one column."""


def explanation_text(explained: Explanation, *, given: str) -> str:
    """Return aligned columns: name, value, place; an empty line between parts."""
    rows = [row for part in explained.parts.values() for row in part]
    name = max(len(row.name) for row in rows)
    value = min(VALUE_WIDTH, max(len(row.value) for row in rows))
    parts = ["\n".join(_lines(row, name, value) for row in p) for p in explained.parts.values()]
    if given != explained.number:
        parts.insert(0, f"`{_one_line(given)[:40]}` read as {explained.number}")
    return "\n\n".join(parts)


def explanation_json(explained: Explanation, *, given: str) -> str:
    """Return the same as JSON."""
    return json.dumps(
        {
            "given": given,
            "number": explained.number,
            "owned": explained.owned,
            "rows": [
                {"part": part, "name": row.name, "value": row.value, "place": row.place}
                for part, rows in explained.parts.items()
                for row in rows
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _lines(row: Row, name: int, value: int) -> str:
    first, *more = textwrap.wrap(
        row.value, value, break_long_words=False, break_on_hyphens=False
    ) or [""]
    lines = [f"{row.name:<{name}}  {first:<{value}}  {row.place}"]
    lines += [f"{'':<{name}}  {line}" for line in more]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
