"""Filters that turn times, dates and sums into what a person says on the phone (English)."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CURRENCIES = {
    "USD": ("dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "CAD": ("Canadian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"),
    "NZD": ("New Zealand dollar", "cent"),
    "SGD": ("Singapore dollar", "cent"),
    "HKD": ("Hong Kong dollar", "cent"),
    "MXN": ("Mexican peso", "centavo"),
    "BRL": ("real", "centavo"),
    "CHF": ("Swiss franc", "centime"),
    "DKK": ("Danish krone", "øre"),
    "NOK": ("Norwegian krone", "øre"),
    "SEK": ("Swedish krona", "öre"),
    "PLN": ("zloty", "grosz"),
    "CZK": ("Czech koruna", "haler"),
    "INR": ("rupee", "paisa"),
    "ZAR": ("rand", "cent"),
    "AED": ("dirham", "fils"),
    "ILS": ("shekel", "agora"),
    "JPY": ("yen", ""),
    "KRW": ("won", ""),
}
_PLURALS = {
    "penny": "pence",
    "real": "reais",
    "Danish krone": "Danish kroner",
    "Norwegian krone": "Norwegian kroner",
    "øre": "øre",
    "Swedish krona": "Swedish kronor",
    "öre": "öre",
    "grosz": "groszy",
    "paisa": "paise",
    "rand": "rand",
    "fils": "fils",
    "agora": "agorot",
    "yen": "yen",
    "won": "won",
}


def spoken_time(value: datetime | time | str) -> str:
    """`9 AM`, `1:30 PM`; a moment says its day too: `Tuesday, March 3 at 9 AM`."""
    moment = _moment(value)
    if isinstance(moment, datetime):
        return f"{spoken_date(moment)} at {_clock(moment.time())}"
    return _clock(moment)


def spoken_date(value: date | str) -> str:
    """`Tuesday, March 3`; the year is left out, callers know it."""
    day = datetime.fromisoformat(value).date() if isinstance(value, str) else value
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def money(value: Decimal | int | float | str, currency: str = "USD") -> str:
    """`12 dollars and 50 cents`; a text may name its currency: `12.50 EUR`.

    A currency that has no name here is said by its letters: `12.50 THB`.
    """
    written = str(value).strip()
    amount, _, named = written.partition(" ")
    code = named or currency
    if code not in _CURRENCIES:
        return f"{amount} {code}"
    unit, part = _CURRENCIES[code]
    try:
        cents = int((Decimal(amount) * 100).to_integral_value())
    except InvalidOperation as error:
        raise ValueError("expected an amount such as `12.50 USD`") from error
    sign = "minus " if cents < 0 else ""
    if not part:
        return sign + _count((abs(cents) + 50) // 100, unit)
    whole, rest = divmod(abs(cents), 100)
    if rest and not whole:
        return sign + _count(rest, part)
    if not rest:
        return sign + _count(whole, unit)
    return f"{sign}{_count(whole, unit)} and {_count(rest, part)}"


def _count(number: int, word: str) -> str:
    plural = _PLURALS.get(word, f"{word}s")
    return f"{number:,} {word if number == 1 else plural}"


def _clock(at: time) -> str:
    hour = at.hour % 12 or 12
    half = "AM" if at.hour < 12 else "PM"
    return f"{hour}:{at.minute:02} {half}" if at.minute else f"{hour} {half}"


def _moment(value: datetime | time | str) -> datetime | time:
    if not isinstance(value, str):
        return value
    try:
        return time.fromisoformat(value)
    except ValueError:
        return datetime.fromisoformat(value)
