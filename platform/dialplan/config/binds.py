"""The names in a SQL statement: what it binds, and what its outermost select list gives. Pure."""

from __future__ import annotations

import re

# What is never closed ends with the text: looked for again from each quote, it would take forever.
_QUIET = re.compile(r"'(?:[^']|'')*(?:'|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
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
    names = [_last_word(one) for one in [*items, item]]
    return frozenset(name.lower() for name in names) if all(names) else None


def _last_word(text: str) -> str:
    backwards = re.match(r"\w*", text.rstrip()[::-1])
    return backwards[0][::-1] if backwards else ""
