"""Phone numbers, emails and codes as they are spoken. It must not judge whether they exist."""

from __future__ import annotations

import re

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)

from dialplan.emulators.rehearsal.numerals import plain, with_digits

_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_WRITTEN_CODE = re.compile(
    r"\b[A-Za-z]{1,6}-?\d[\w-]*\b|\b\d+(?!(?:st|nd|rd|th|am"
    r"|pm)\b)[A-Za-z][\w-]*\b"
)
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN_EMAIL = re.compile(
    r"((?:[\w+-]+(?: dot | underscore | dash |\.|(?= at )| (?=[a-z0-9] )))*?[\w+-]+) at "
    r"([\w-]+(?: dot [\w-]+)+|[\w-]+(?:\.[\w-]+)+)"
)


def digit_runs(text: str, *, past_commas: bool = False) -> list[str]:
    """Return the runs of digits in `text`, spoken ones joined: `double five oh one` is `5501`."""
    words = re.sub(r"\b(?:oh|o)\b", "0", with_digits(text))
    words = re.sub(r"[-().+/]", " ", words)
    words = words.replace(",", " ") if past_commas else words
    runs: list[str] = []
    run, repeat = "", 1
    for word in [*words.split(), ""]:
        if word in _REPEATS:
            repeat = _REPEATS[word]
        elif word.isdigit():
            run += word * (repeat if len(word) == 1 else 1)
            repeat = 1
        elif run and word not in ("and",):
            runs.append(run)
            run, repeat = "", 1
    return runs


def find_phone(text: str, region: str = "US") -> str | None:
    """Return the phone number said in `text` as E.164, or None."""
    said = _ISO_DAY.sub(" ", text)
    foreign = "+" in said or "plus" in said.lower()
    for run in digit_runs(said, past_commas=True):
        for candidate in (f"+{run}",) if foreign else (run,):
            try:
                number = parse(candidate, region)
            except NumberParseException:
                continue
            if len(run) >= 7 and is_possible_number(number):
                return format_number(number, PhoneNumberFormat.E164)
    return None


def find_email(text: str) -> str | None:
    """Return the email address said in `text`, or None: `maria at example dot com` is one."""
    if match := _EMAIL.search(text):
        return match[0].lower().rstrip(".")
    words = re.sub(r"^.*\b(?:is|it's|its|to)\s+(?=.* at )", "", plain(text).strip(" .!?"))
    if match := _SPOKEN_EMAIL.search(words):
        name = match[1].replace(" dot ", ".").replace(" underscore ", "_").replace(" dash ", "-")
        return f"{name.replace(' ', '')}@{match[2].replace(' dot ', '.').replace(' ', '')}"
    return None


def find_code(text: str) -> str | None:
    """Return a reference as it would be written: `b r four two` is `BR42`; None without a digit."""
    if written := _WRITTEN_CODE.search(text):
        return written[0].upper()
    spoken = re.sub(r"'[a-z]+\b", "", with_digits(text))
    words = re.sub(r"\boh\b", "0", spoken).replace("-", " ")
    # A recogniser writes a comma or a full stop where somebody who spells takes a breath.
    words = re.sub(r"(?<=\b[a-z]) \.(?= [a-z]\b)", "", words)
    words = re.sub(r"(?<=\b[a-z] [a-z]) \.(?= \d)", "", words)
    words = re.sub(r"(?<=\b[a-z\d]) ,(?= [a-z\d]\b)|(?<=\b[a-z]) ,(?= \d)", "", words)
    best = ""
    for match in re.finditer(
        r"(?:\b(?:[a-z]|[a-z]{2,4}\d+|\d+|[a-z]\d\w*|double|triple)\b[ ]?)+", words
    ):
        run = "".join(_unfold(match[0].split()))
        if any(c.isdigit() for c in run) and len(run) > len(best):
            best = run
    best = re.sub(r"^(?:A|I|S)(?=\d)", "", best.upper()) if re.search(r"\b[ai] \d", words) else best
    return best.upper() or None


def _unfold(words: list[str]) -> list[str]:
    out: list[str] = []
    repeat = 1
    for word in words:
        if word in _REPEATS:
            repeat = _REPEATS[word]
        else:
            out.append(word * repeat)
            repeat = 1
    return out
