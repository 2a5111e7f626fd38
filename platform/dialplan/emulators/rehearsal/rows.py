"""Points at rows of earlier tool results: `the first one`, `the nine o'clock`, `with Dr. Chen`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rapidfuzz import fuzz

from dialplan.emulators.rehearsal.dates import find_when
from dialplan.emulators.rehearsal.numerals import with_digits
from dialplan.emulators.rehearsal.toolbox import Json, Parameter

Row = Mapping[str, object]
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b|\b(?:number|option|choice) (\d+)\b")
_FIRST = re.compile(
    r"\b(?:earlie(?:st|r)|soonest|sooner|either|any(?: of them)?|whichever|whatever|you "
    r"(?:choose|pick)|"
    r"don't mind|doesn't matter)\b"
)
_LAST = re.compile(r"\b(?:last|latest|later|latter|final)\b(?! name)")
_COMMON = frozenset(
    "the one with and for please that this dr doctor mr mrs ms yes no not can have take "
    "will works what "
    "would like book want you about how let's lets ok okay good fine sounds great".split()
)


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows that a tool returned, in the order the caller heard them."""

    tool: str
    rows: tuple[Row, ...]


def moment(value: object, now: datetime) -> datetime | None:
    """Return an ISO date-time in the caller's local time, or None when it is something else."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    if parsed.tzinfo is not None and now.tzinfo is not None:
        # A result tells times by the business's own clock: they are said as they stand.
        return parsed.replace(tzinfo=now.tzinfo)
    return parsed


def pick(text: str, listing: Listing, now: datetime) -> list[int]:
    """Return the indices of the rows that `text` can mean; empty when it points at none."""
    rows = listing.rows
    words = with_digits(text)
    if match := _ORDINAL.search(re.sub(r"\bdouble\b", "", words)):
        number = int(match[1] or match[2])
        day_said = find_when(text, now).start is not None
        if number <= len(rows) and not day_said:
            return [number - 1]
    candidates = _by_time(text, rows, now)
    named = _by_words(words, rows if candidates is None else [rows[i] for i in candidates])
    if candidates is None:
        candidates = named
    elif named:
        candidates = [candidates[i] for i in named]
    if candidates is not None:
        if len(candidates) > 1 and _FIRST.search(words):
            return candidates[:1]
        return candidates
    if _LAST.search(words):
        return [len(rows) - 1]
    return [0] if _FIRST.search(words) else []


def _by_time(text: str, rows: Sequence[Row], now: datetime) -> list[int] | None:
    """Return the rows at the time said; None when no time was said, or rows carry none."""
    if not any(_stamps(row, now) or _dates(row) for row in rows):
        return None
    when = find_when(
        re.sub(r"(?i)\b(?:that|this|the \w+) one\b", " ", text), now, expect_time=False
    )
    if when.start is None and when.at is None:
        bare = find_when(text, now, expect_time=True)
        hours = {s.hour % 12 for row in rows for s in _stamps(row, now)}
        if bare.at is None or bare.at.hour % 12 not in hours or re.search(r"(?i)\bone\b", text):
            return None
        when = bare
    hits = []
    for index, row in enumerate(rows):
        stamps = _stamps(row, now)
        days = [s.date() for s in stamps] + _dates(row)
        day_fits = when.start is None or any(
            when.start <= d <= (when.end or when.start) for d in days
        )
        if when.at is None:
            time_fits = True
        elif when.until is not None:
            until = when.until
            time_fits = any(when.at <= s.time() < until for s in stamps)
        else:
            at = when.at
            time_fits = any(s.hour % 12 == at.hour % 12 and s.minute == at.minute for s in stamps)
        if day_fits and time_fits:
            hits.append(index)
    return hits or None


def _stamps(row: Row, now: datetime) -> list[datetime]:
    return [m for value in row.values() if (m := moment(value, now)) is not None]


def _dates(row: Row) -> list[date]:
    found = []
    for value in row.values():
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            found.append(date.fromisoformat(value))
    return found


def _by_words(words: str, rows: Sequence[Row]) -> list[int] | None:
    heard = [w for w in re.findall(r"[^\W\d_]{3,}", words) if w not in _COMMON]
    scores = []
    for row in rows:
        texts = [v.lower() for v in row.values() if isinstance(v, str) and not v[:4].isdigit()]
        known = {w for text in texts for w in re.findall(r"[^\W\d_]{3,}", text)} - _COMMON
        scores.append(sum(any(_same(h, k) for k in known) for h in set(heard)))
    best = max(scores, default=0)
    if best == 0 or (min(scores) == best and len(rows) > 1):
        return None
    return [i for i, score in enumerate(scores) if score == best]


def _same(heard: str, known: str) -> bool:
    return heard == known or (min(len(heard), len(known)) > 3 and fuzz.ratio(heard, known) >= 85)


def named(text: str, rows: Sequence[Row]) -> list[int]:
    """Return the rows that `text` names by a word of theirs; empty when it names none."""
    return _by_words(with_digits(text), rows) or []


def stem(parameter: Parameter) -> str:
    """Return what an id is of: `slot` for `slot_id`, an empty string for `id`."""
    return "_".join(w for w in parameter.name.lower().split("_") if w not in ("id", "number"))


def provides(tool: str, parameter: Parameter) -> bool:
    """Whether a tool of that name is about the thing that `parameter` identifies."""
    thing = stem(parameter)
    words = {_singular(w) for w in tool.lower().split("_")}
    return bool(thing) and {_singular(w) for w in thing.split("_")} <= words


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def identity(row: Row, tool: str, parameter: Parameter) -> Json:
    """Return the value in `row`, returned by `tool`, that `parameter` wants, or None."""
    if parameter.name in row:
        return _scalar(row[parameter.name])
    if "id" in row and (provides(tool, parameter) or parameter.name == "id"):
        return _scalar(row["id"])
    return None


def _scalar(value: object) -> Json:
    return value if isinstance(value, str | int | float | bool) else None
