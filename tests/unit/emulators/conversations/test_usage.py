import pytest

from dialplan.emulators.conversations.account import Ran
from dialplan.emulators.conversations.miss import Miss
from dialplan.emulators.conversations.usage import USED, forbidden, used

AT = ("turns", 0, "expect", "no_tool")


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("ok", True),
        ("not_found", True),
        ("confirm", True),
        ("failed", True),
        ("cancelled", True),
        ("refused", False),
        ("invalid", False),
    ],
)
def test_a_tool_that_may_have_done_something_counts_against_no_tool(
    status: str, counts: bool
) -> None:
    misses = list(forbidden(AT, "book", [Ran("book", {}, status)]))

    assert bool(misses) is counts


def test_one_of_several_that_must_not_be_used_is_placed_at_its_name() -> None:
    ran = [Ran("find", {"id": 1}, "ok"), Ran("cancel", {}, "ok"), Ran("cancel", {}, "ok")]

    assert list(forbidden(AT, ("book", "cancel"), ran)) == [
        Miss(
            (*AT, 1),
            "the tool `cancel` not to be used",
            "`cancel` {} -> ok; `cancel` {} -> ok",
        )
    ]


def test_no_tool_at_all_means_each_of_them_and_false_means_nothing() -> None:
    ran = [Ran("find", {}, "ok"), Ran("book", {}, "refused")]

    assert [one.expected for one in forbidden(AT, True, ran)] == ["no tool to be used"]
    assert list(forbidden(AT, False, ran)) == []


def test_arguments_must_be_among_those_that_one_run_was_given() -> None:
    ran = [Ran("book", {"slot": 3, "why": "Pain"}, "ok"), Ran("book", {"slot": 4}, "refused")]

    assert list(used(("x",), {"book": {"slot": 3, "why": "pain"}}, ran, USED, "")) == []
    assert [one.at for one in used(("x",), {"book": {"slot": 4}}, ran, USED, "")] == [("x", "book")]
