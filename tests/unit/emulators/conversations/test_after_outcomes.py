from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialplan.emulators.conversations.after_outcomes import Made, after_misses
from dialplan.model.after_call import AfterCall
from dialplan.model.conversation import Conversation

CHICAGO = ZoneInfo("America/Chicago")
SEND = {"http": {"post": "{{ endpoints.crm }}/calls"}}
AFTER = AfterCall.model_validate(
    {
        "fields": {
            "intent": {"enum": ["book", "other"]},
            "summary": "string",
            "follow_up": "boolean",
            "at": "datetime",
            "score": "integer",
        },
        "send": [SEND, SEND],
    }
)
READ: dict[str, Any] = {
    "intent": "book",
    "summary": "A visit with Doctor Nguyen.",
    "follow_up": True,
    "at": "2026-03-03T09:00-06:00",
    "score": None,
}


def misses(wanted: dict[str, Any], made: Made) -> list[tuple[tuple[str | int, ...], str, str]]:
    conversation = Conversation.model_validate(
        {
            "name": "x",
            "turns": [{"caller": "Hi."}],
            "then": [{"call": {"errors": 0}}, {"after_call": wanted}],
        }
    )
    found = list(after_misses(conversation, AFTER, made, CHICAGO))
    assert all(one.at[:3] == ("then", 1, "after_call") for one in found)
    return [(one.at[3:], one.expected, one.got) for one in found]


@pytest.mark.parametrize(
    "wanted",
    [
        {"intent": "book", "follow_up": True, "score": None},
        {"summary": "doctor nguyen"},
        {"summary": ["visit", {"any": ["Nguyen", "Patel"]}, {"not": "bill"}]},
        {"at": "2026-03-03T09:00"},
        {"at": "2026-03-03T15:00+00:00"},
    ],
)
def test_fields_as_they_were_read_are_no_misses(wanted: dict[str, Any]) -> None:
    assert misses({"fields": wanted, "skipped": False}, Made(fields=READ)) == []


@pytest.mark.parametrize(
    ("name", "wanted", "below", "expected", "got"),
    [
        ("intent", "other", (), '`intent` to be "other"', '"book"'),
        ("intent", None, (), "`intent` to be null", '"book"'),
        ("follow_up", False, (), "`follow_up` to be false", "true"),
        ("score", 5, (), "`score` to be 5", "null"),
        ("at", "2026-03-03T10:00", (), '`at` to be "2026-03-03T10:00"', '"2026-03-03T09:00-06:00"'),
        ("summary", None, (), "`summary` to be null", '"A visit with Doctor Nguyen."'),
        ("summary", "bill", (), "`summary` to hold `bill`", '"A visit with Doctor Nguyen."'),
        (
            "summary",
            ["visit", {"not": "Nguyen"}],
            (1,),
            "`summary` not to hold `Nguyen`",
            '"A visit with Doctor Nguyen."',
        ),
    ],
)
def test_a_field_that_was_read_otherwise_is_a_miss_at_its_place(
    name: str, wanted: object, below: tuple[int, ...], expected: str, got: str
) -> None:
    assert misses({"fields": {name: wanted}}, Made(fields=READ)) == [
        (("fields", name, *below), expected, got)
    ]


def test_words_that_must_be_in_a_text_are_not_in_one_that_was_not_read() -> None:
    got = misses({"fields": {"summary": "visit"}}, Made(fields=READ | {"summary": None}))

    assert got == [(("fields", "summary"), "`summary` to hold `visit`", "null")]


def test_a_call_that_was_skipped_has_no_fields_and_no_sends() -> None:
    made = Made(skipped="shorter than 8 s")

    assert misses({"skipped": True, "not_sent": True}, made) == []
    assert misses({"fields": {"intent": "book"}, "sent": 1}, made) == [
        (("fields", "intent"), "`intent` to be read", "skipped: shorter than 8 s"),
        (("sent",), "send 1 to be sent", "skipped: shorter than 8 s"),
    ]
    assert misses({"skipped": False}, made) == [
        (("skipped",), "the call to be read", "skipped: shorter than 8 s")
    ]


def test_a_call_that_was_read_was_not_skipped() -> None:
    assert misses({"skipped": True}, Made(fields=READ)) == [
        (("skipped",), "nothing to be read out of the call", "it was read")
    ]


def test_sends_are_held_to_by_number() -> None:
    made = Made(fields=READ, sent=(1,))

    assert misses({"sent": 1, "not_sent": 2}, made) == []
    assert misses({"sent": [1, 2]}, made) == [
        (("sent",), "send 2 to be sent", "it did not apply: its `when` came to nothing")
    ]
    assert misses({"not_sent": [1, 2]}, made) == [
        (("not_sent",), "send 1 not to be sent", "it was sent")
    ]
    assert misses({"not_sent": True}, made) == [
        (("not_sent",), "nothing to be sent", "send 1: it was sent")
    ]


def test_a_send_that_failed_was_not_sent_and_yet_was_tried() -> None:
    made = Made(fields=READ, failed={2: "POST crm answered with status 503"})

    assert misses({"sent": 2}, made) == [
        (("sent",), "send 2 to be sent", "POST crm answered with status 503")
    ]
    assert misses({"not_sent": 2}, made) == [
        (("not_sent",), "send 2 not to be sent", "it was tried: POST crm answered with status 503")
    ]


def test_a_call_that_could_not_be_read_misses_all_that_is_expected_at_once() -> None:
    made = Made(trouble="it could not be read: no answer")

    assert misses({"fields": {"intent": "book"}, "sent": 1}, made) == [
        ((), "something to be made of the call", "it could not be read: no answer")
    ]
