import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dialplan.emulators.openai.mind import Message
from dialplan.emulators.rehearsal.record import Heard, Record, read_record

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def record(*entries: dict[str, object]) -> Record:
    text = json.dumps({"call": {"began_at": "2026-03-02T09:00-06:00"}, "record": list(entries)})
    return read_record([Message("user", text)], NOW)


def test_a_record_tells_who_said_what_after_what() -> None:
    got = record(
        {"agent": "desk", "says": "Hello."},
        {"agent": "desk", "says": "Shall we call you back?"},
        {"caller": "Yes."},
        {"caller": "Thank you."},
    )

    assert got.heard == [
        Heard("Hello. Shall we call you back?", "Yes."),
        Heard("", "Thank you."),
    ]
    assert [one.question for one in got.heard] == ["Shall we call you back?", ""]


def test_only_a_tool_that_ran_is_a_deed() -> None:
    got = record(
        {"tool": "book_visit", "arguments": {"slot": 3}, "outcome": "ok"},
        {"tool": "cancel_visit", "arguments": {}, "outcome": "refused"},
        {"tool": "move_visit", "arguments": "too long", "outcome": "ok"},
        {"tool": "pay", "outcome": "confirm"},
    )

    assert [(one.words, one.arguments) for one in got.deeds] == [
        ("book visit", {"slot": 3}),
        ("move visit", {}),
    ]


def test_a_record_knows_when_it_was() -> None:
    assert record({"caller": "Hi."}).began == datetime(
        2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=-6))
    )


def test_wishes_are_the_sentences_that_say_something() -> None:
    got = record(
        {"caller": "Hello. I need a doctor."},
        {"caller": "Yes please."},
        {"caller": "Thank you, bye."},
        {"caller": "No, my knee hurts when I walk."},
    )

    assert got.wishes() == ["I need a doctor.", "No, my knee hurts when I walk."]


@pytest.mark.parametrize("text", ["A visit, please.", "[1, 2]", '{"a": 1}', "[" * 5_000])
def test_without_a_record_the_messages_are_the_call(text: str) -> None:
    got = read_record([Message("assistant", "Hello?"), Message("user", text)], NOW)

    assert got.heard == [Heard("Hello?", text)]
    assert got.began == NOW


def test_a_later_message_about_the_answer_is_no_part_of_the_call() -> None:
    text = json.dumps({"record": [{"caller": "A visit."}]})
    later = [Message("assistant", "{}"), Message("user", "That does not fit.")]

    assert read_record([Message("user", text), *later], NOW).heard == [Heard("", "A visit.")]
