"""Filters that turn times, dates and sums into what a person says on the phone.

English is here; other languages are said as the CLDR writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en-US"
"""The language where none is said."""

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


def is_english(language: str) -> bool:
    """Whether a BCP 47 tag is one of English."""
    return language.partition("-")[0].lower() == "en"


def spoken_time(value: datetime | time | str, language: str = ENGLISH) -> str:
    """`9 AM`, `1:30 PM`; a moment says its day too: `Tuesday, March 3 at 9 AM`."""
    moment = _moment(value)
    if (locale := _locale(language)) is not None:
        from dialplan.prompts import cldr

        if isinstance(moment, datetime):
            return cldr.moment(moment, locale)
        return cldr.clock(moment, locale)
    if isinstance(moment, datetime):
        return f"{spoken_date(moment)} at {_clock(moment.time())}"
    return _clock(moment)


def spoken_date(value: date | str, language: str = ENGLISH) -> str:
    """`Tuesday, March 3`; the year is left out, callers know it."""
    day = datetime.fromisoformat(value).date() if isinstance(value, str) else value
    if (locale := _locale(language)) is not None:
        from dialplan.prompts import cldr

        return cldr.day(day, locale)
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def money(
    value: Decimal | int | float | str, currency: str = "USD", language: str = ENGLISH
) -> str:
    """`12 dollars and 50 cents`; a text may name its currency: `12.50 EUR`.

    A currency that has no name here is said by its letters: `12.50 THB`.
    """
    written = str(value).strip()
    amount, _, named = written.partition(" ")
    code = named or currency
    if (locale := _locale(language)) is not None:
        from dialplan.prompts import cldr

        return cldr.sum_of(_amount(amount), code, locale)
    if code not in _CURRENCIES:
        return f"{amount} {code}"
    unit, part = _CURRENCIES[code]
    cents = int((_amount(amount) * 100).to_integral_value())
    sign = "minus " if cents < 0 else ""
    if not part:
        return sign + _count((abs(cents) + 50) // 100, unit)
    whole, rest = divmod(abs(cents), 100)
    if rest and not whole:
        return sign + _count(rest, part)
    if not rest:
        return sign + _count(whole, unit)
    return f"{sign}{_count(whole, unit)} and {_count(rest, part)}"


def listed(said: Sequence[str], language: str = ENGLISH) -> str:
    """Say several things: `this and that`."""
    if (locale := _locale(language)) is not None:
        from dialplan.prompts import cldr

        return cldr.listed(said, locale)
    return " and ".join(said)


def _amount(written: str) -> Decimal:
    try:
        amount = Decimal(written)
    except InvalidOperation as error:
        raise ValueError("expected an amount such as `12.50 USD`") from error
    if not amount.is_finite():
        raise ValueError("expected an amount such as `12.50 USD`")
    return amount


def _locale(language: str) -> Locale | None:
    """What another language than English is said by; None says it in English."""
    if is_english(language):
        return None
    from dialplan.prompts.cldr import locale_of

    return locale_of(language)


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
