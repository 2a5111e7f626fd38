"""Phone numbers as people write them, read as the numbers that lines have. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from dialplan.errors import ConfigError
from dialplan.model.shape import PHONE

_NATIONAL = 7
"""The fewest digits that a number without its country code is known by."""
_MOST_SHOWN = 40
_MOST_NEAR = 3
_SIGNS = "()./"


def read_number(written: str, known: Iterable[str]) -> str:
    """Return the E.164 number that somebody means.

    Written without `+` it is a known number, or the end of exactly one.

    Raises:
        ConfigError: it could be more than one number, or is none.
    """
    given = unicodedata.normalize("NFKC", written).strip().removeprefix("tel:")
    kept = "".join(one for one in given if one not in _SIGNS and not _is_space(one))
    if kept.startswith(("+", "00")):
        # "+44 (0)20 ...": the zero in brackets is for callers inside the country.
        kept = "".join(
            one for one in given.replace("(0)", "") if one not in _SIGNS and not _is_space(one)
        )
        kept = re.sub(r"^00", "+", kept)
    if re.fullmatch(PHONE, kept):
        return kept
    shown = written[:_MOST_SHOWN]
    numbers = sorted(set(known))
    if re.fullmatch(r"[0-9]{1,15}", kept):
        if f"+{kept}" in numbers:
            return f"+{kept}"
        tail = kept.lstrip("0")
        ends = [one for one in numbers if len(tail) >= _NATIONAL and one.endswith(tail)]
        if len(ends) == 1:
            return ends[0]
        if ends:
            several = " or ".join(f"`{one}`" for one in ends[:_MOST_NEAR])
            raise ConfigError(f"`{shown}` may be {several}: write it with `+` and country code")
    raise ConfigError(
        f"`{shown}` is no number in E.164 form: write it with `+` and country code, "
        "such as `+15550100001`"
    )


def near_numbers(number: str, known: Iterable[str]) -> list[str]:
    """Return the known numbers that somebody who mistyped may have meant, nearest first."""
    return difflib.get_close_matches(number, sorted(set(known)), n=_MOST_NEAR, cutoff=0.75)


def _is_space(character: str) -> bool:
    """Whether it is a space, a dash or an invisible sign, as copied numbers hold them."""
    return character.isspace() or unicodedata.category(character) in ("Zs", "Cf", "Pd")
