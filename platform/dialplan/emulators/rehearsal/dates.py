"""A grammar of spoken English dates and times. It must not read a clock: `now` is an argument."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dialplan.emulators.rehearsal.numerals import with_digits

_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = (
    "(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = (
    "(?P<weekday>mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?"
    "|sat(?:urday)?|sun(?:day)?)"
)
# A recogniser that hears a breath writes a full stop or a comma: "the fourth of May. Nineteen,
# eighty five." Only a whole year may follow a full stop: two digits are more often something else.
# "Ninety" is a misheard "nineteen" there: nobody means the year 9096.
_TWO = r"(?:\d\d|(?:oh?|0) \d)"
_YEAR = (
    rf"(?: ?,? (?:in )?(?P<year>(?:19|20)\d\d|(?:19|20|90)(?: ?,)? {_TWO}"
    rf"|\d\d(?=$| [.,]|[.,]))| ?\. (?P<after_stop>(?:19|20)\d\d|(?:19|20|90)(?: ?,)? {_TWO})\b)?"
)
_CALENDAR = [
    re.compile(r"\b(?P<year>\d{4}) ?- ?(?P<monthno>\d{2}) ?- ?(?P<day>\d{2})\b"),
    re.compile(r"\b(?P<monthno>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d\d))?\b"),
    re.compile(
        rf"\b(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)? {_MONTH}\b{_YEAR}"
    ),
    re.compile(
        rf"\b{_MONTH}\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}(?!\d)(?! ?[ap]m\b)"
    ),
]
_DAY_OF_MONTH = re.compile(
    r"\b(?:on )?the (?P<day>\d{1,2})(?:st|nd|rd|th)\b"
    r"(?! (?:one|option|slot|time|available|opening|appointment|visit|thing|of))"
)
_SPAN = {"day": 1, "week": 7, "fortnight": 14}
_IN = re.compile(r"\bin (?P<count>\d+|an?|a couple of) (?P<unit>day|week|fortnight|month)s?\b")
_FROM = re.compile(
    r"\b(?P<count>\d+|an?) (?P<unit>day|week|fortnight|month)s? from "
    rf"(?P<origin>now|today|tomorrow|(?:this |next )?{_DAY})\b"
)
_WEEKDAY = re.compile(
    rf"\b(?P<which>this|next|coming|this coming|last)? ?\b{_DAY}\b(?P<later> (?:next )?week)?"
)
_PERIOD = re.compile(
    r"\b(?P<which>this|next|the|later this|the end of (?:this|the)|end of (?:this|the)) "
    r"(?P<unit>week|weekend|month)\b"
)
_HOUR = r"(?P<hour>1\d|2[0-3]|\d)"
_HALF = r"(?: ?(?P<half>am|pm)\b)?"
_PART = r"(?: (?:in the|at) (?P<part>morning|afternoon|evening|night)\b)?"
_CLOCK = [
    re.compile(
        rf"\b(?P<word>half|quarter|\d{{1,2}})(?: minutes?)? (?P<side>past|to|after"
        rf"|before|till) {_HOUR}\b{_HALF}{_PART}"
    ),
    re.compile(rf"\b{_HOUR} ?(?::|\.(?=\d\d ?[ap]m)) ?(?P<minute>[0-5]\d)\b{_HALF}{_PART}"),
    re.compile(rf"\b{_HOUR} (?:o'?clock|o clock){_HALF}{_PART}"),
    re.compile(
        rf"(?<!\d )(?<!oh )\b{_HOUR} (?P<minute>[0-5]\d|oh? \d)\b(?!(?:st|nd|rd|th)?[ "
        rf"/]\d){_HALF}{_PART}"
    ),
    re.compile(rf"\b{_HOUR} ?(?P<half>am|pm)\b"),
    re.compile(rf"\b{_HOUR} in the (?P<part>morning|afternoon|evening)\b"),
    re.compile(rf"\bhalf {_HOUR}\b{_HALF}(?P<british>){_PART}"),
    re.compile(
        rf"\b(?:at|by|around|about|after|before|from|until|till) {_HOUR}\b(?!(?:st|nd"
        rf"|rd|th| \d| (?:day|week|month)))"
    ),
]
_NAMED_TIMES = {"noon": time(12), "midday": time(12), "lunchtime": time(12), "midnight": time(0)}
_PARTS = {
    "morning": (time(8), time(12)),
    "afternoon": (time(12), time(17)),
    "evening": (time(17), time(21)),
    "tonight": (time(17), time(21)),
}
_BETWEEN = re.compile(
    r"\b(?:between|from) (?P<one>\d{1,2}(?: ?[:] ?\d\d)?(?: ?[ap]m)?) (?:and|to|until) "
    r"(?P<two>\d{1,2}(?: ?[:] ?\d\d)?(?: ?[ap]m)?)\b"
)


@dataclass(frozen=True, slots=True)
class When:
    """What was said about time.

    Attributes:
        start: the day, or the first day of a range.
        end: the last day of a range; equals `start` for one day.
        at: the time of day, or the start of a range of times.
        until: the end of a range of times; None for a point in time.
        part: `morning`, `afternoon` or `evening` where only that was said.
        year_said: whether a calendar date came with its year.
        rest: the sentence, digits for number words, without what was understood.
    """

    start: date | None = None
    end: date | None = None
    at: time | None = None
    until: time | None = None
    part: str | None = None
    year_said: bool = False
    rest: str = ""

    @property
    def is_range(self) -> bool:
        """Whether more than one day was meant."""
        return self.start is not None and self.end != self.start


def find_when(text: str, now: datetime, *, expect_time: bool = False, past: bool = False) -> When:
    """Read dates and times out of `text`.

    Args:
        text: what was said, typed or recognised.
        now: the caller's local time.
        expect_time: a time of day was asked for, so a bare `three` is three o'clock.
        past: days lie in the past (a date of birth), so two-digit years do too.
    """
    words = with_digits(text)
    start, end, year_said, rest = _find_day(words, now.date(), past=past)
    at, until, part, rest = _find_time(rest, expect_time=expect_time)
    if start is None and re.search(r"\btonight\b", words):
        start = end = now.date()
    return When(start, end, at, until, part, year_said, " ".join(rest.split()))


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} | {text[match.end() :]}"


def _find_day(text: str, today: date, *, past: bool) -> tuple[date | None, date | None, bool, str]:
    for pattern in _CALENDAR:
        for match in pattern.finditer(text):
            day = _calendar_day(match, today, past=past)
            if day is not None:
                rest = re.sub(rf"\b(?:on )?{_DAY}\b", " ", _cut(text, match))
                return day, day, _year_in(match.groupdict()) is not None, rest
    for finder in (_relative_day, _weekday, _period, _day_of_month):
        found = finder(text, today)
        if found is not None:
            first, last, match = found
            return first, last, False, _cut(text, match)
    return None, None, False, text


def _year_in(fields: Mapping[str, str | None]) -> str | None:
    return fields.get("year") or fields.get("after_stop")


def _calendar_day(match: re.Match[str], today: date, *, past: bool) -> date | None:
    fields = match.groupdict()
    if fields.get("monthno"):
        month = int(fields["monthno"])
    else:
        month = next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(fields["month"][:3]))
    day = int(fields["day"])
    said = _year_in(fields)
    try:
        if said:
            year = int(re.sub(r"\D", "", re.sub(r"\boh?\b", "0", said)))
            if year // 100 == 90:
                year -= 7100
            if year < 100:
                year += 2000 if year <= today.year % 100 or not past else 1900
            return date(year, month, day)
        found = date(today.year, month, day)
        return found if found >= today or past else date(today.year + 1, month, day)
    except ValueError:
        return None


Found = tuple[date, date, re.Match[str]]


def _relative_day(text: str, today: date) -> Found | None:
    if match := _FROM.search(text):
        origin = today
        if "tomorrow" in match["origin"]:
            origin += timedelta(days=1)
        elif match["weekday"]:
            origin = _next_weekday(match["weekday"], today)
        day = _shift(origin, match["count"], match["unit"])
        return day, day, match
    if match := _IN.search(text):
        day = _shift(today, match["count"], match["unit"])
        return day, day, match
    for words, days in (
        ("day after tomorrow", 2),
        ("tomorrow", 1),
        ("today", 0),
        ("yesterday", -1),
    ):
        if match := re.search(rf"\b(?:the )?{words}\b", text):
            day = today + timedelta(days=days)
            return day, day, match
    return None


def _shift(origin: date, count: str, unit: str) -> date:
    number = int(count) if count.isdigit() else 2 if "couple" in count else 1
    return origin + timedelta(days=number * _SPAN.get(unit, 30))


def _next_weekday(name: str, today: date) -> date:
    index = next(i for i, day in enumerate(_DAYS) if day.startswith(name[:3]))
    return today + timedelta(days=(index - today.weekday()) % 7)


def _weekday(text: str, today: date) -> Found | None:
    match = _WEEKDAY.search(text)
    if match is None or (match["weekday"] in ("sat", "sun", "wed") and not match["which"]):
        return None
    index = next(i for i, day in enumerate(_DAYS) if day.startswith(match["weekday"][:3]))
    monday = today - timedelta(days=today.weekday())
    day = _next_weekday(match["weekday"], today)
    if match["which"] == "next" or match["later"]:
        day = monday + timedelta(days=7 + index)
    elif match["which"] == "last":
        day = day - timedelta(days=7)
    return day, day, match


def _period(text: str, today: date) -> Found | None:
    match = _PERIOD.search(text)
    if match is None:
        return None
    monday = today - timedelta(days=today.weekday())
    ahead = 7 if match["which"] == "next" else 0
    if match["unit"] == "week":
        first = monday + timedelta(days=ahead + (3 if "end of" in match["which"] else 0))
        return max(first, today), monday + timedelta(days=ahead + 6), match
    if match["unit"] == "weekend":
        saturday = monday + timedelta(days=ahead + 5)
        return max(saturday, today), saturday + timedelta(days=1), match
    first = today if not ahead else (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first, last, match


def _day_of_month(text: str, today: date) -> Found | None:
    match = _DAY_OF_MONTH.search(text)
    if match is None or (int(match["day"]) < 4 and not match[0].startswith("on ")):
        return None
    for months_ahead in range(13):
        month0 = today.month - 1 + months_ahead
        try:
            day = date(today.year + month0 // 12, month0 % 12 + 1, int(match["day"]))
        except ValueError:
            continue
        if day >= today:
            return day, day, match
    return None


def _find_time(text: str, *, expect_time: bool) -> tuple[time | None, time | None, str | None, str]:
    if match := _BETWEEN.search(text):
        one = _bare_time(match["one"], match["two"])
        two = _bare_time(match["two"], match["two"])
        if one is not None and two is not None and one < two:
            return one, two, None, _cut(text, match)
    part = next((p for p in _PARTS if re.search(rf"\b{p}\b", text)), None)
    for pattern in _CLOCK:
        if match := pattern.search(text):
            at = _clock_time(match, part)
            if at is not None:
                return *_bounded(text, match, at), None, _cut(text, match)
    for name, at in _NAMED_TIMES.items():
        if match := re.search(rf"\b{name}\b", text):
            return *_bounded(text, match, at), None, _cut(text, match)
    if expect_time and (match := re.search(rf"\b{_HOUR}\b(?!(?:st|nd|rd|th))", text)):
        at = _to_time(int(match["hour"]), 0, None, part)
        if at is not None:
            return at, None, None, _cut(text, match)
    if part:
        first, last = _PARTS[part]
        rest = re.sub(rf"\b(?:in the |this )?{part}\b", " | ", text)
        return first, last, "evening" if part == "tonight" else part, rest
    return None, None, None, text


def _bounded(text: str, match: re.Match[str], at: time) -> tuple[time | None, time | None]:
    before = f"{text[: match.start()]}{match[0]}"
    if re.search(r"\b(?:after|from|any ?time after|not before)\s+(?=\S+(?:\s\S+)?$)", before) and (
        match[0].startswith(("after", "from"))
        or re.search(r"(?:after|from)\s*$", text[: match.start()])
    ):
        return at, time(23, 59)
    if match[0].startswith(("before", "until", "till", "by")) or re.search(
        r"(?:before|until|till|by)\s*$", text[: match.start()]
    ):
        return time(0), at
    return at, None


def _bare_time(text: str, sibling: str) -> time | None:
    match = re.fullmatch(r"(\d{1,2})(?: ?: ?(\d\d))?(?: ?([ap]m))?", text)
    other = re.search(r"[ap]m", sibling)
    if match is None:
        return None
    half = match[3] or (other[0] if other else None)
    return _to_time(int(match[1]), int(match[2] or 0), half, None)


def _clock_time(match: re.Match[str], part: str | None) -> time | None:
    fields = match.groupdict()
    hour = int(fields["hour"])
    minute = int(re.sub(r"\D", "", fields.get("minute") or "0"))
    word = fields.get("word")
    if word:
        minute = {"half": 30, "quarter": 15}.get(word) or int(word)
        if fields["side"] in ("to", "before", "till"):
            hour, minute = (hour - 1) or 12, 60 - minute
    if fields.get("british") is not None:
        minute = 30
    return _to_time(hour, minute, fields.get("half"), fields.get("part") or part)


def _to_time(hour: int, minute: int, half: str | None, part: str | None) -> time | None:
    """Resolve a twelve-hour clock: office hours unless something else was said."""
    if hour > 23 or minute > 59:
        return None
    later = half == "pm" or (half is None and part in ("afternoon", "evening", "tonight", "night"))
    if hour <= 12 and later:
        hour = hour % 12 + 12
    elif hour == 12 and half == "am":
        hour = 0
    elif half is None and part is None and 1 <= hour <= 6:
        hour += 12
    return time(hour, minute)
