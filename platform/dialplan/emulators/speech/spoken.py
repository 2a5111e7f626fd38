"""From written English to the words a person would say: numbers, times, dates, money, phones.

Pure text in, text out. What is left has only words, apostrophes and `, . ? ! ; :`; words to be
spelt out are single upper-case letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = [(10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONTH = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_MONTH_NAME = "|".join(_MONTHS)
_ABBREVIATIONS = {
    "dr": "doctor",
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "prof": "professor",
    "jr": "junior",
    "sr": "senior",
    "ave": "avenue",
    "rd": "road",
    "blvd": "boulevard",
    "ln": "lane",
    "hwy": "highway",
    "apt": "apartment",
    "ste": "suite",
    "dept": "department",
    "appt": "appointment",
    "appts": "appointments",
    "approx": "approximately",
    "etc": "et cetera",
    "vs": "versus",
    "ext": "extension",
    "tel": "telephone",
    "hr": "hour",
    "hrs": "hours",
    "min": "minutes",
    "mins": "minutes",
}
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_DAY = r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)"
_UNITS = {"min": "minutes", "hrs": "hours", "hr": "hour", "mg": "milligrams", "ml": "milliliters"}
_UNITS |= {
    "km": "kilometers",
    "kg": "kilograms",
    "lb": "pounds",
    "lbs": "pounds",
    "cm": "centimeters",
}


def say_number(number: int) -> str:
    """Return a whole number in words, American style."""
    if number < 0:
        return f"minus {say_number(-number)}"
    if number >= 10**12:
        return say_digits(str(number))
    if number < 20:
        return _SMALL[number]
    if number < 100:
        ones = number % 10
        return _TENS[number // 10 - 2] + (f" {_SMALL[ones]}" if ones else "")
    size, name = next((size, name) for size, name in _SCALES if number >= size)
    rest = number % size
    return f"{say_number(number // size)} {name}" + (f" {say_number(rest)}" if rest else "")


def say_ordinal(number: int) -> str:
    """Return an ordinal in words: 22 gives `twenty second`."""
    *before, last = say_number(number).split()
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = (last[:-1] + "ie" if last.endswith("y") else last) + "th"
    return " ".join([*before, last])


def say_digits(digits: str) -> str:
    """Return digits one by one; other characters are left out."""
    return " ".join(_SMALL[int(digit)] for digit in digits if digit.isdecimal())


def say_year(year: int) -> str:
    """Return a year as people say it: 2026 gives `twenty twenty six`."""
    if not 1100 <= year < 2100 or 2000 <= year < 2010:
        return say_number(year)
    century, rest = divmod(year, 100)
    if not rest:
        return f"{say_number(century)} hundred"
    return f"{say_number(century)} {'oh ' if rest < 10 else ''}{say_number(rest)}"


def say_time(hour: int, minute: int, half: str) -> str:
    """Return a time of day; `half` is `a`, `p` or empty. 24-hour times are said on 12 hours."""
    if not half and (hour > 12 or hour == 0):
        half = "p" if hour >= 12 else "a"
    hour = hour % 12 or 12
    if minute:
        said = f"{say_number(hour)} {'oh ' if minute < 10 else ''}{say_number(minute)}"
    else:
        said = say_number(hour) if half else f"{say_number(hour)} o'clock"
    return f"{said} {half.upper()} M" if half else said


def as_spoken(text: str) -> str:
    """Return the words of `text` as they are said aloud, punctuation kept for the melody."""
    text = text.replace("\u2019", "'").replace("\u2018", "'")
    text = re.sub(r"(?:(?<=[apAP][mM])|(?<=[mM]\.))\s?[-\u2013]\s?(?=\d)", " to ", text)
    text = re.sub(r"[\u2013\u2014]|\s-+\s", lambda found: _dash(found, text), text)
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    text = re.sub(r"[^A-Za-z\u00c0-\u024f',.?!;:\s]", " ", text)
    text = re.sub(r"(?<![A-Za-z])'+|'+(?![A-Za-z])", " ", text)
    text = re.sub(r"\s+([,.?!;:])", r"\1", re.sub(r"\s+", " ", text))
    return re.sub(r"([,.?!;:])[,.?!;:]+", r"\1", text).strip(" ,;:")


def _dash(found: re.Match[str], text: str) -> str:
    before, after = text[: found.start()][-1:], text[found.end() :][:1]
    return "-" if before.isdecimal() and after.isdecimal() else ", "


def _money(found: re.Match[str]) -> str:
    dollars, cents = int(found[1].replace(",", "")), int((found[2] or "0").ljust(2, "0"))
    parts = []
    if dollars or not cents:
        parts.append(f"{say_number(dollars)} {'dollar' if dollars == 1 else 'dollars'}")
    if cents:
        parts.append(f"{say_number(cents)} {'cent' if cents == 1 else 'cents'}")
    return " and ".join(parts)


def _phone(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    groups = [digits[-7:-4], digits[-4:]]
    if len(digits) > 7:
        groups.insert(0, digits[:-7])
    return ", ".join(say_digits(group) for group in groups)


def _day(year: str | None, month: int, day: int) -> str:
    said = f"{_MONTHS[month - 1]} {say_ordinal(day)}"
    return f"{said}, {say_year(int(year))}" if year else said


def _iso_date(found: re.Match[str]) -> str:
    try:
        when = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return " ".join(say_digits(part) for part in found.groups())
    return _day(found[1], when.month, when.day)


def _us_date(found: re.Match[str]) -> str:
    month, day = int(found[1]), int(found[2])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0].replace("/", " ")
    return _day(found[3], month, day)


def _month_day(found: re.Match[str]) -> str:
    return f"{found[1]} {say_ordinal(int(found[2]))}"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > 24 or minute > 59:
        return f"{say_number(hour)} {say_number(minute)}"
    return say_time(hour, minute, (found[3] or "").lower())


def _decimal(found: re.Match[str]) -> str:
    return f"{say_number(int(found[1].replace(',', '')))} point {say_digits(found[2])}"


def _integer(found: re.Match[str]) -> str:
    return _integer_of(found[0])


def _integer_of(written: str) -> str:
    digits = written.replace(",", "")
    if (len(digits) > 1 and digits[0] == "0") or (len(digits) > 4 and "," not in written):
        return say_digits(digits)
    if len(digits) == 4 and "," not in written and 1900 <= int(digits) < 2100:
        return say_year(int(digits))
    return say_number(int(digits))


def _digits_after(found: re.Match[str]) -> str:
    return found[1] + say_digits(found[2])


def _weekday(short: str) -> str:
    return next(day for day in _DAYS if day.startswith(short[:3]))


def _weekdays(found: re.Match[str]) -> str:
    return f"{_weekday(found[1])} to {_weekday(found[2])}"


def _code(found: re.Match[str]) -> str:
    said = []
    for part in found[0].split("-"):
        if part.isalpha() and len(part) > 3:  # `COVID-19`
            said.append(part)
        elif part.isdecimal() and len(part) < 3:
            said.append(_integer_of(part))
        else:
            said += [say_digits(char) if char.isdecimal() else char.upper() for char in part]
    return " ".join(said)


def _address(found: re.Match[str]) -> str:
    marks = {"@": "at", ".": "dot", "-": "dash", "_": "underscore", "+": "plus", "/": "slash"}
    return re.sub(r"[@._+/-]", lambda mark: f" {marks[mark[0]]} ", found[0])


def _abbreviation(found: re.Match[str]) -> str:
    return _ABBREVIATIONS[found[1].lower()] + (found[2] or "")


def _street_or_saint(found: re.Match[str]) -> str:
    return "saint " if found[1] else "street"


def _rule(
    pattern: str, say: Callable[[re.Match[str]], str] | str, flags: int = 0
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    return re.compile(pattern, flags), (lambda found: found.expand(say)) if isinstance(
        say, str
    ) else say


_SHORT = "|".join(sorted(_ABBREVIATIONS, key=len, reverse=True))
_HALF = r"(?:\s?([ap])\.?\s?m\b(?:\.(?=\s+(?-i:[a-z])|,))?)"

# In this order: what is longer and surer first.
_RULES = [
    _rule(r"\bhttps?://\S+", "the web page"),
    _rule(r"[\w.+-]+@[\w-]+\.[\w.-]*\w", _address),
    _rule(r"\b[\w-]+\.(?:com|org|net|gov|edu|io)\b", _address),
    _rule(r"[*`~|<>\[\]{}\"\u201c\u201d_]+", " "),
    _rule(r"(?<=\d)\s?-\s?(?=\$\d|\d{1,2}:\d)|(?<=:\d\d)\s?-\s?(?=\d)", " to "),
    _rule(r"\$(\d[\d.,]*)\s(hundred|thousand|million|billion)\b", r"\1 \2 dollars"),
    _rule(r"(?<=\d)\s?/\s?(?=(?:hour|day|week|month|year|visit|person|night)\b)", " per "),
    _rule(r"\b1/2(?=\s(?:hour|day|price|off)\b)", "half"),
    _rule(rf"\b{_DAY}\.?\s?[-\u2013]\s?{_DAY}\b\.?", _weekdays),
    _rule(rf"\b{_DAY}\.(?=,?\s)", lambda found: _weekday(found[1])),
    _rule(r"\$\s?(\d[\d,]*)(?:\.(\d{1,2}))?(?!\d)", _money),
    _rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", _iso_date),
    _rule(r"(?<![\w-])(?:\+?1[ .-]?)?(?:\(\d{3}\)\s?|\d{3}[ .-])?\d{3}[.-]\d{4}(?![\w-])", _phone),
    _rule(r"(?<![\w-])(?:\+?1 )?\d{3} \d{3} \d{4}(?![\w-])", _phone),
    _rule(r"(?<![\w])\+?1?\d{10}(?!\w)", _phone),
    _rule(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?![\d/])", _us_date),
    _rule(r"\b(\d{1,2}):([0-5]\d)" + _HALF + "?", _time, re.IGNORECASE),
    _rule(r"\b(\d{1,2})()" + _HALF, _time, re.IGNORECASE),
    _rule(
        rf"\b{_MONTH}\b\.?(?=\s?\d)",
        lambda found: next(name for name in _MONTHS if name.startswith(found[1][:3])),
    ),
    _rule(rf"\b({_MONTH_NAME})\s(\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)", _month_day),
    _rule(r"\b(\d+)(?:st|nd|rd|th)\b", lambda found: say_ordinal(int(found[1]))),
    _rule(r"\bSt\.(\s(?=[A-Z][a-z]))?", _street_or_saint),
    _rule(rf"\b({_SHORT})\.(?!\w)(\s*$)?", _abbreviation, re.IGNORECASE),
    _rule(r"\b(Dr|Mr|Mrs|Ms)(\s)(?=[A-Z])", _abbreviation),
    _rule(r"\be\.g\.", "for example"),
    _rule(r"\bi\.e\.", "that is"),
    _rule(r"\bNo\.\s?(?=\d)|#\s?(?=\d)", "number "),
    _rule(r"(?<=\d)\s?%", " percent"),
    _rule(r"(?<=\d)\s?\u00b0\s?[FC]?", " degrees"),
    _rule(r"(?<=\d)\s?(min|hrs|hr|mg|ml|km|kg|lbs|lb|cm)\b\.?", lambda f: f" {_UNITS[f[1]]}"),
    _rule(
        r"\b((?:code|pin|id|zip|ext(?:ension)?|ending in|number)\b\.?(?:\sis)?:?\s)(\d{2,})\b",
        _digits_after,
        re.IGNORECASE,
    ),
    _rule(r"\b[2-9]11\b", lambda found: say_digits(found[0])),
    _rule(r"\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z\d]+(?:-[A-Za-z\d]+)*\b", _code),
    _rule(r"(?<=\d)\s?-\s?(?=\d)", " to "),
    _rule(r"\b(\d[\d,]*)\.(\d+)\b", _decimal),
    _rule(r"(?<![\w.])-(?=\d)", "minus "),
    _rule(r"\d{1,3}(?:,\d{3})+|\d+", _integer),
    _rule(r"\b([A-Z])\.(?=[A-Z]\.)", r"\1 "),
    _rule(r"&", " and "),
    _rule(r"@", " at "),
    _rule(r"\+", " plus "),
    _rule(r"=", " equals "),
    _rule(r"\band/or\b", "or"),
    _rule(r"[()]", ", "),
    _rule(r"\u2026", ". "),
]
