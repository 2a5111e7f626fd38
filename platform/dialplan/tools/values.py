"""Values between YAML, Python, Postgres and JSON: one table of types, one way for each crossing.

Pure; asks no clock and no service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from uuid import UUID

import phonenumbers

from dialplan.model.tool import ValueType
from dialplan.prompts.render import render

_ALONE = re.compile(r"\s*\{\{\s*([a-z_][a-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}\s*")
_AMOUNT = re.compile(r"(?<=[0-9]) [A-Z]{3}$")
"""The currency behind an amount of money: `45.00 USD` is the number 45."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def evaluate(template: str, values: Mapping[str, object]) -> object:
    """Fill a template; one that is nothing but `{{ a.b }}` keeps the value's own type."""
    alone = _ALONE.fullmatch(template)
    if alone is not None:
        found: object = values
        for name in alone[1].split("."):
            if not isinstance(found, Mapping) or name not in found:
                break
            found = found[name]
        else:
            return found
    return render(template, values)


def evaluate_json(written: object, values: Mapping[str, object]) -> object:
    """`evaluate` for every text in a JSON value."""
    match written:
        case str():
            return evaluate(written, values)
        case Mapping():
            return {key: evaluate_json(item, values) for key, item in written.items()}
        case list() | tuple():
            return [evaluate_json(item, values) for item in written]
        case _:
            return written


def convert(value: object, kind: ValueType, zone: tzinfo, region: str) -> object:
    """Turn a JSON or Postgres value into the Python value of a type.

    Raises:
        ValueError: it is none; the message says what was expected, never what was given.
    """
    match kind:
        case "string":
            return value if isinstance(value, str) else str(plain(value, zone))
        case "integer" | "number":
            return _number(value, kind)
        case "boolean":
            return _boolean(value)
        case "date" | "time" | "datetime":
            return _moment(value, kind, zone)
        case "phone":
            return _phone(str(value), region)
        case "email":
            if not _EMAIL.fullmatch(str(value).strip()):
                raise ValueError("an email address")
            return str(value).strip()


def plain(value: object, zone: tzinfo) -> object:
    """Turn a Python value into one for JSON; moments are told in the tenant's time zone."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            local = value.astimezone(zone) if value.tzinfo else value
            return local.isoformat(timespec="minutes" if not local.second else "seconds")
        case time():
            return value.isoformat(timespec="minutes" if not value.second else "seconds")
        case date() | UUID():
            return str(value)
        case Decimal():
            return _short(value)
        case Mapping():
            return {str(key): plain(item, zone) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item, zone) for item in value]
        case _:
            return str(value)


def region_of(number: str) -> str:
    """The country whose number this is (`US`), to read other numbers said without a country."""
    try:
        code = phonenumbers.parse(number).country_code or 1
        return phonenumbers.region_code_for_country_code(code)
    except phonenumbers.NumberParseException:
        return "US"


def _short(value: Decimal) -> object:
    """A number of JSON, or its digits as text where no such number has them all."""
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)


def _number(value: object, kind: ValueType) -> int | float:
    if isinstance(value, str):
        value = _AMOUNT.sub("", value)
    word = "a whole number" if kind == "integer" else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(word)
    try:
        number = float(value)
        if kind == "number":
            return number
        # Through text, so that a large whole number does not lose its last digits.
        return int(value) if not isinstance(value, float) else _whole(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(word) from error


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError("not whole")
    return int(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise ValueError("true or false")
    return word == "true"


def _moment(value: object, kind: ValueType, zone: tzinfo) -> date | time | datetime:
    text = str(value).strip()
    try:
        if kind == "date":
            if isinstance(value, datetime):
                return value.date()
            return value if isinstance(value, date) else date.fromisoformat(text)
        if kind == "time":
            given = value if isinstance(value, time) else time.fromisoformat(text)
            return given.replace(tzinfo=None)
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(text)
    except ValueError as error:
        form = {"date": "a date such as 2026-03-02", "time": "a time such as 14:30"}
        raise ValueError(form.get(kind, "a date and time such as 2026-03-02T14:30")) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _phone(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("a phone number") from error
    # Possible, not valid: the numbers set aside for examples and tests belong to nobody.
    if not phonenumbers.is_possible_number(number):
        raise ValueError("a phone number with all its digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
