"""What we say is known, and the libraries that know it."""

import re

from holidays.registry import COUNTRIES as REGISTRY

from dialplan.model.known import COUNTRIES


def test_the_countries_with_holidays_are_those_of_the_library() -> None:
    codes = {name for names in REGISTRY.values() for name in names}

    assert {code for code in codes if re.fullmatch("[A-Z]{2}", code)} == COUNTRIES
