from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialplan.runtime.serving import Serving, decide, rollback_target
from dialplan.store.versions import How, Release


def releases(*newest_first: str) -> list[Release]:
    """`v2` was served, `a:v2` applied, `r:v1` rolled back to."""
    ways: dict[str, How] = {"": "served", "a": "applied", "r": "rolled_back"}
    found = []
    for number, one in enumerate(reversed(newest_first), 1):
        way, _, version = one.rpartition(":")
        found.append(Release(number, "shop", version, ways[way], datetime.now(UTC)))
    return found[::-1]


@pytest.mark.parametrize(
    ("folder", "past", "canary", "expected"),
    [
        ("v1", [], False, Serving("v1")),
        ("v1", [], True, Serving("v1")),
        ("v2", ["v1"], False, Serving("v2")),
        ("v2", ["v1"], True, Serving("v1", "v2")),
        ("v2", ["v2", "v1"], True, Serving("v2")),
        ("v2", ["a:v2", "v1"], True, Serving("v2")),
        # Rolled back: what still lies in the folder does not come back by itself.
        ("v2", ["r:v1", "v2", "v1"], False, Serving("v1")),
        ("v2", ["r:v1", "v2", "v1"], True, Serving("v1")),
        ("v3", ["r:v1", "r:v2", "v3", "v2", "v1"], False, Serving("v1")),
        # A further change of the files ends the rollback.
        ("v4", ["r:v1", "v2", "v1"], False, Serving("v4")),
        ("v4", ["r:v1", "v2", "v1"], True, Serving("v1", "v4")),
    ],
)
def test_what_serves_is_decided_from_the_folder_and_the_releases(
    folder: str, past: list[str], canary: bool, expected: Serving
) -> None:
    assert decide(folder, releases(*past), canary=canary) == expected


@pytest.mark.parametrize(
    ("past", "target"),
    [
        ([], None),
        (["v1"], None),
        (["v2", "v1"], "v1"),
        (["v2", "v2", "v1"], "v1"),
        (["r:v2", "v3", "v2", "v1"], "v1"),
        (["r:v1", "r:v2", "v3", "v2", "v1"], None),
        (["v4", "r:v1", "r:v2", "v3", "v2", "v1"], "v1"),
    ],
)
def test_a_rollback_goes_to_what_served_before_and_twice_goes_back_two(
    past: list[str], target: str | None
) -> None:
    assert rollback_target(releases(*past)) == target
