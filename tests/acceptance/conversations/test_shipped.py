from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.conversations.report import details

VERTICALS = Path(__file__).parents[3] / "verticals"


@pytest.mark.timeout(600)  # some eighty calls, in real time, beside the other tests
def test_the_conversations_of_every_shipped_vertical_go_as_they_should(
    hold: Callable[..., list[Any]],
) -> None:
    results = hold(VERTICALS, at_once=8)

    assert {result.vertical for result in results} == {
        file.parent.name for file in VERTICALS.glob("*/vertical.yaml")
    }
    assert [details(result) for result in results if not result.passed] == []
