"""Puts tool results into spoken sentences. It must not know what they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from dialplan.emulators.rehearsal.numerals import ordinal
from dialplan.emulators.rehearsal.rows import Row, moment
from dialplan.emulators.rehearsal.toolbox import Tool

SPOKEN_ROWS = 3
_PASSAGE = {"title", "section", "text", "score"}
_MOST_SAID = 400
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLACES = ("first", "second", "third")
_HIDDEN = re.compile(r"^(?:id|uuid|.*_id|created_at|updated_at|tenant|sid)$")
_MONEY = re.compile(
    r"(?:^|_)(?:price|cost|amount|fee|balance|total|copay|deductible|rate|charge|due)(?:_|$)"
)
_AMOUNT = re.compile(r"(-?\d+\.\d\d) ([A-Z]{3})")  # as tools tell money
_WHO = frozenset(
    "doctor provider clinician stylist barber therapist mechanic technician dentist with".split()
)
_BARE = frozenset("name title answer text message description summary what label".split())
_CODES = frozenset("phone code number zip postcode ticket".split())


def spoken_day(day: date, now: datetime) -> str:
    """Return a day as said on the phone: `today`, `tomorrow`, `Tuesday, March 3rd`."""
    ahead = (day - now.date()).days
    if ahead in (0, 1):
        return ("today", "tomorrow")[ahead]
    year = f", {day.year}" if abs(ahead) > 330 else ""
    weekday = "" if year else f"{day:%A}, "
    return f"{weekday}{day:%B} {ordinal(day.day)}{year}"


def spoken_time(clock: time) -> str:
    """Return a time of day as said on the phone: `9 AM`, `2:30 PM`, `noon`."""
    if clock.minute == 0 and clock.hour in (0, 12):
        return "noon" if clock.hour else "midnight"
    minute = f":{clock.minute:02d}" if clock.minute else ""
    return f"{clock.hour % 12 or 12}{minute} {'AM' if clock.hour < 12 else 'PM'}"


def spoken_value(key: str, value: object, now: datetime) -> str:
    """Return one value as words."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            if _MONEY.search(key):
                return f"${value:,.2f}".removesuffix(".00")
            return f"{value:g}" if isinstance(value, float) else str(value)
        case str():
            return _spoken_text(key, value, now)
        case Mapping():
            return spoken_row(value, now)
        case Sequence():
            return join_and([spoken_value(key, v, now) for v in value])
    return str(value)


def _spoken_text(key: str, value: str, now: datetime) -> str:
    if (stamp := moment(value, now)) is not None:
        return f"{spoken_day(stamp.date(), now)} at {spoken_time(stamp.time())}"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return spoken_day(date.fromisoformat(value), now)
    if re.fullmatch(r"[0-2]\d:[0-5]\d(?::[0-5]\d)?", value):
        return spoken_time(time.fromisoformat(value))
    if re.fullmatch(r"-?\d+\.\d{1,4}", value) and _MONEY.search(key):
        return f"${float(value):,.2f}".removesuffix(".00")
    if (amount := _AMOUNT.fullmatch(value)) is not None:
        sum_ = f"{float(amount[1]):,.2f}".removesuffix(".00")
        return f"${sum_}" if amount[2] == "USD" else f"{sum_} {amount[2]}"
    if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", value):
        return value.replace("_", " ")
    if re.fullmatch(r"\+?\d{7,15}", value) and set(key.split("_")) & _CODES:
        return " ".join(value.lstrip("+"))
    return value.strip()


def join_and(parts: Sequence[str]) -> str:
    """Join words as a list is said: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _shown(row: Row) -> list[tuple[str, object]]:
    shown = [(k, v) for k, v in row.items() if not _HIDDEN.match(k) and v is not None and v != ""]
    return shown or [(k, v) for k, v in row.items() if v is not None]


def spoken_row(row: Row, now: datetime) -> str:
    """Return a row as one phrase: `Tuesday, March 3rd at 9 AM with Dr. Chen`."""
    moments, people, rest = [], [], []
    for key, value in _shown(row):
        said = spoken_value(key, value, now)
        if isinstance(value, str) and (
            moment(value, now) or re.fullmatch(r"\d{4}-\d\d-\d\d", value)
        ):
            moments.append(said)
        elif set(key.split("_")) & _WHO:
            people.append(f"with {said}")
        elif _clock(value) and re.fullmatch(r"[a-z]+s", key):
            rest.append(f"{key} at {said}")
        elif isinstance(value, bool):
            rest.append(key.replace("_", " ") if value else f"not {key.replace('_', ' ')}")
        elif isinstance(value, str) and not value.replace(".", "").isdigit():
            rest.append(said)
        else:
            rest.append(said if _MONEY.search(key) else f"{key.replace('_', ' ')} {said}")
    first = " ".join([*moments[:1], *people])
    return ", ".join([part for part in (first, *moments[1:], *rest) if part])


def spoken_rows(rows: Sequence[Row], now: datetime, tool: Tool | None = None) -> str:
    """Return up to three rows as one sentence, then how many more there are."""
    if len(rows) == 1:
        return f"I have one: {spoken_row(rows[0], now)}."
    count = _COUNTS[len(rows)] if len(rows) < len(_COUNTS) else str(len(rows))
    parts = [spoken_row(row, now) for row in rows[:SPOKEN_ROWS]]
    named = all(len(_shown(row)) == 1 for row in rows)
    if named:
        more = len(rows) - SPOKEN_ROWS
        tail = f", and {more} more" if more > 0 else ""
        return f"There are {count}: {join_and(parts) if not tail else ', '.join(parts)}{tail}."
    said = "; ".join(f"the {place}, {part}" for place, part in zip(_PLACES, parts, strict=False))
    tail = f"; and {len(rows) - SPOKEN_ROWS} more" if len(rows) > SPOKEN_ROWS else ""
    return f"I have {count}: {said}{tail}."


def spoken_fields(row: Row, now: datetime) -> list[str]:
    """Return a sentence for each field of a single result, such as `The status is ready.`."""
    sentences = []
    for key, value in _shown(row):
        label, said = key.replace("_", " "), spoken_value(key, value, now)
        if isinstance(value, str) and ((" " in said and said[-1:] in ".!?") or key in _BARE):
            sentences.append(said if said[-1:] in ".!?" else f"{said}.")
        elif isinstance(value, bool):
            label = label.removeprefix("is ").removeprefix("has ")
            sentences.append(f"It is {'' if value else 'not '}{label}.")
        elif _clock(value) and re.fullmatch(r"[a-z]+s", label):
            sentences.append(f"It {label} at {said}.")
        elif label.endswith((" at", " on", " until", " from", " by")):
            sentences.append(
                f"It {_is(label)} {said}." if " at " in said else f"It {_is(label)} on {said}."
            )
        else:
            sentences.append(f"The {label} {'are' if _plural(label) else 'is'} {said}.")
    return sentences


def _clock(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[0-2]\d:[0-5]\d(?::[0-5]\d)?", value))


def _is(label: str) -> str:
    verb = label.rsplit(" ", 1)[0]
    return f"is {verb}" if verb.endswith("ed") or verb.endswith("y") else verb


def _plural(label: str) -> bool:
    return label.endswith("s") and not label.endswith(("ss", "us", "is"))


def is_passages(result: object) -> bool:
    """Whether a result is what was found in articles."""
    return (
        isinstance(result, list)
        and bool(result)
        and all(isinstance(one, Mapping) and _PASSAGE == set(one) for one in result)
    )


def spoken_passages(result: object) -> str:
    """Return the nearest passage word for word, after the title of its article."""
    best = result[0] if isinstance(result, list) else {}
    words = " ".join(str(best["text"]).split())
    cut = words if len(words) <= _MOST_SAID else words[:_MOST_SAID].rpartition(".")[0] + "."
    return f"The article {best['title']} says: {cut}"


def spoken_result(tool: Tool | None, result: object, now: datetime) -> str:
    """Return the result of a finished call as sentences."""
    done = tool.changes if tool is not None else None
    match result:
        case Mapping() if done and tool is not None:
            details = spoken_row(result, now)
            thing = f"the {tool.thing} is {done}" if tool.thing != done else "that is done"
            return f"All set, {thing}{': ' + details if details and _shown_any(result) else ''}."
        case Mapping() if (
            list(result) and set(map(str, result)) & {"name"} and len(_shown(result)) == 1
        ):
            return f"Thank you, I found {spoken_row(result, now)}."
        case Mapping():
            return " ".join(spoken_fields(result, now))
        case list() if not result:
            return "I found nothing for that."
        case list() if all(isinstance(row, Mapping) for row in result):
            return spoken_rows(result, now, tool)
        case list():
            return f"I have: {join_and([spoken_value('', v, now) for v in result])}."
        case _ if done and tool is not None:
            return f"All set, the {tool.thing} is {done}."
        case None:
            return (
                "That is done." if tool is None or not tool.finds else "I found nothing for that."
            )
        case bool():
            return "Yes." if result else "No."
        case int() | float():
            return f"The answer is {spoken_value(tool.name if tool else '', result, now)}."
        case _:
            said = spoken_value("text", result, now)
            return said if said[-1:] in ".!?" else f"{said}."


def _shown_any(row: Row) -> bool:
    return any(not _HIDDEN.match(k) and v is not None for k, v in row.items())
