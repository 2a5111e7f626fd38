import pytest

from dialplan.errors import ConfigError
from dialplan.runtime.numbers import near_numbers, read_number

KNOWN = ["+15550100001", "+15550100002", "+442079460001"]


@pytest.mark.parametrize(
    "written",
    [
        "+15550100001",
        " +1 (555) 010-0001 ",
        "+1.555.010.0001",
        "tel:+1-555-010-0001",
        "0015550100001",
        "15550100001",
        "5550100001",
        "(555) 010-0001",
        "\u202a+1\u00a0555\u2011010\u20110001\u202c",
        "\uff0b\uff11\uff15\uff15\uff15\uff10\uff11\uff10\uff10\uff10\uff10\uff11",
    ],
)
def test_a_number_is_read_however_people_write_it(written: str) -> None:
    assert read_number(written, KNOWN) == "+15550100001"


@pytest.mark.parametrize("written", ["+44 (0)20 7946 0001", "020 7946 0001", "0044 20 7946 0001"])
def test_a_national_zero_is_not_part_of_the_number(written: str) -> None:
    assert read_number(written, KNOWN) == "+442079460001"


def test_an_international_number_need_not_be_known() -> None:
    assert read_number("+49 30 901820", []) == "+4930901820"


@pytest.mark.parametrize(
    "written",
    ["", "+", "+0155501000", "555", "0100001x", "15550100099", "+1 555 CALL NOW", "+" + "1" * 16],
)
def test_what_is_no_number_is_refused_with_the_mend(written: str) -> None:
    with pytest.raises(ConfigError, match=r"is no number in E\.164 form: write it with `\+`"):
        read_number(written, KNOWN)


def test_the_end_of_two_numbers_is_neither_of_them() -> None:
    with pytest.raises(ConfigError, match="may be `\\+15550100001` or `\\+445550100001`"):
        read_number("5550100001", ["+15550100001", "+445550100001"])


def test_numbers_near_to_a_mistyped_one_are_found() -> None:
    assert near_numbers("+15550100010", KNOWN)[0] in KNOWN[:2]
    assert near_numbers("+819012345678", KNOWN) == []
