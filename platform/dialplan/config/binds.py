"""The names in a SQL statement: what it binds, and what its outermost select list gives. Pure."""

from __future__ import annotations

import re

_QUIET = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BIND = re.compile(r"(?<![:\w]):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)")


def binds_used(sql: str) -> list[str]:
    """Names after a colon, in order, once each: `slot_id`, `state.patient_id`; casts are not."""
    return list(dict.fromkeys(_BIND.findall(_QUIET.sub(" ", sql))))


def columns_given(sql: str) -> frozenset[str] | None:
    """The names of the outermost select list, or nothing where they cannot be told (`*`)."""
    text = _QUIET.sub(" ", sql).strip()
    start = re.match(r"select\s+(?:distinct\s+)?", text, re.IGNORECASE)
    if start is None:
        return None
    items, depth, item = [], 0, ""
    for word in re.findall(r"\w+|\s+|.", text[start.end() :], re.DOTALL):
        depth += (word == "(") - (word == ")")
        if depth == 0 and (word.lower() == "from" or word == ";"):
            break
        if depth == 0 and word == ",":
            items.append(item)
            item = ""
        else:
            item += word
    names = [re.search(r"(\w+)\s*$", one) for one in [*items, item]]
    if any(name is None for name in names):
        return None
    return frozenset(name[1].lower() for name in names if name is not None)
