"""What the server's conversation holds, and what a cut takes out of it."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from dialplan.protocols.realtime import server
from dialplan.protocols.realtime.conversation import ConversationItems


def deleted(frames: Iterable[str]) -> list[str]:
    messages = [orjson.loads(frame) for frame in frames]
    assert {message["type"] for message in messages} <= {"conversation.item.delete"}
    return [message["item_id"] for message in messages]


def speech(items: ConversationItems, item_id: str, words: str | None = "hi") -> None:
    items.note(server.MessageAdded(item_id, None, "user", ""))
    if words is not None:
        items.note(server.CallerTranscript(item_id, words))


def answer(items: ConversationItems, item_id: str, response_id: str) -> None:
    items.note(server.MessageAdded(item_id, None, "assistant", ""))
    items.note(server.MessageDone(response_id, item_id, "completed", "hi"))


def call(items: ConversationItems, call_id: str, name: str, response_id: str) -> None:
    items.note(server.CallItemAdded(f"item {call_id}", call_id, output=False))
    items.note(server.FunctionCalled(response_id, f"item {call_id}", call_id, name, "{}"))


def output(items: ConversationItems, call_id: str) -> list[str]:
    return items.note(server.CallItemAdded(f"output {call_id}", call_id, output=True))


def conversation() -> ConversationItems:
    return ConversationItems(transcribes=True)


def test_a_cut_takes_out_what_precedes_the_response_of_the_handoff() -> None:
    items = conversation()
    answer(items, "greeting", "r1")
    speech(items, "turn")
    call(items, "1", "look_up", "r2")
    output(items, "1")
    answer(items, "preamble", "r3")
    call(items, "2", "to_billing", "r3")
    call(items, "3", "look_up", "r3")
    items.note(server.MessageAdded("after", "item 3", "user", ""))

    cut = items.cut("to_billing")

    assert deleted(cut.frames) == ["greeting", "turn", "item 1", "output 1"]
    assert cut.kept_from == {"preamble", "item 2", "2", "item 3", "3"}
    assert items.holds("preamble")
    assert not items.holds("greeting")


def test_speech_is_taken_out_once_its_words_are_known() -> None:
    items = conversation()
    speech(items, "turn", None)
    call(items, "1", "to_billing", "r1")

    assert items.cut("to_billing").frames == ()
    assert output(items, "1") == []
    assert not items.holds("turn")
    assert deleted(items.note(server.CallerTranscript("turn", "my bill"))) == ["turn"]
    assert items.note(server.ItemDeleted("turn")) == []


def test_speech_whose_words_stay_unknown_is_taken_out_as_well() -> None:
    items = conversation()
    speech(items, "turn", None)
    call(items, "1", "to_billing", "r1")
    items.cut("to_billing")

    assert deleted(items.note(server.TranscriptFailed("turn"))) == ["turn"]


def test_without_transcription_no_words_are_waited_for() -> None:
    items = ConversationItems(transcribes=False)
    speech(items, "turn", None)
    call(items, "1", "to_billing", "r1")

    assert deleted(items.cut("to_billing").frames) == ["turn"]


def test_a_call_stays_with_its_answer_when_that_comes_after_the_handoff() -> None:
    items = conversation()
    call(items, "1", "slow", "r1")
    speech(items, "turn")
    call(items, "2", "to_billing", "r2")

    assert deleted(items.cut("to_billing").frames) == ["turn"]
    assert output(items, "1") == []
    assert items.holds("item 1")


def test_a_second_handoff_takes_out_the_first() -> None:
    items = conversation()
    call(items, "1", "to_billing", "r1")
    items.cut("to_billing")
    output(items, "1")
    answer(items, "billing", "r2")
    call(items, "2", "to_desk", "r3")
    items.cut("to_desk")
    output(items, "2")
    call(items, "3", "to_billing", "r4")

    assert deleted(items.cut("to_billing").frames) == ["item 2", "output 2"]


def test_a_handoff_that_the_server_never_told_of_takes_nothing_out() -> None:
    items = conversation()
    speech(items, "turn")

    assert items.cut("to_billing").frames == ()
    assert items.holds("turn")


def test_a_fresh_connection_begins_with_no_items() -> None:
    items = conversation()
    speech(items, "turn")
    items.reset()

    assert not items.holds("turn")
    assert items.note(server.CallerTranscript("turn", "late")) == []


def test_an_event_without_an_item_changes_nothing() -> None:
    assert conversation().note(server.SpeechStarted("turn", 0)) == []
