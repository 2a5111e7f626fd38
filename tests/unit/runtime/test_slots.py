from pathlib import Path

import pytest

from dialplan.runtime.slots import Slot

SLOT = Slot(Path("/run/x"), "0a1b2c3d", 1, 3)


def test_a_sibling_is_known_by_its_name() -> None:
    other = Slot(Path("/run/x"), "0a1b2c3d", 2, 3)

    assert SLOT.sibling_of(other.name) == 2


def test_its_own_name_is_no_siblings() -> None:
    assert SLOT.sibling_of(SLOT.name) is None


@pytest.mark.parametrize(
    "name", ["2-ffffffff", "3-0a1b2c3d", "-1-0a1b2c3d", "2-0a1b2c3d/..", "2", "", "٢-0a1b2c3d"]
)
def test_the_name_of_another_server_or_of_none_leads_nowhere(name: str) -> None:
    assert SLOT.sibling_of(name) is None


def test_a_worker_has_all_the_others_for_siblings() -> None:
    assert SLOT.siblings == (0, 2)
