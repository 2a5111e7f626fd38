from datetime import UTC, datetime

import pytest

from dialplan.runtime.released import release_words, serving_words
from dialplan.store.versions import How, Release


def releases(*given: tuple[str, How]) -> list[Release]:
    """Return releases, the newest first as they are given."""
    at = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    return [
        Release(len(given) - n, "shop", version, how, at) for n, (version, how) in enumerate(given)
    ]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("served", "a server found it in its folder"),
        ("applied", "by `dialplan apply`"),
        ("rolled_back", "by `dialplan rollback`"),
    ],
)
def test_the_last_release_is_told_with_how_it_came(how: How, words: str) -> None:
    assert release_words(releases(("b", how), ("a", "served"))) == (
        f"b, 2026-03-02 09:05 UTC, {words}"
    )


def test_nothing_released_is_told_too() -> None:
    assert release_words([]) == "none yet"
    assert serving_words("a", [], canary=False) == "the folder's"


def test_a_new_version_in_the_folder_serves_unless_a_canary_tries_it() -> None:
    known = releases(("a", "served"))

    assert serving_words("b", known, canary=False) == "the folder's"
    assert serving_words("b", known, canary=True).startswith("a; the canary's calls get the folder")


def test_after_a_rollback_the_folder_does_not_serve() -> None:
    known = releases(("a", "rolled_back"), ("b", "served"), ("a", "served"))

    assert serving_words("b", known, canary=False).startswith(
        "a (rolled back to), not the folder's"
    )
