from datetime import timedelta

import pytest

from dialplan.model.shape import parse_duration


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("20s", timedelta(seconds=20)),
        ("1.5m", timedelta(seconds=90)),
        ("2h", timedelta(hours=2)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_length_of_time_is_read_with_its_unit(written: str, length: timedelta) -> None:
    assert parse_duration(written) == length


@pytest.mark.parametrize("written", ["20", "s", "20 s", "-1s", "1w", 20, None, "20s\n"])
def test_a_length_of_time_without_a_known_unit_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a length of time"):
        parse_duration(written)
