"""Turns in, decisions out; nearness here is a bag of words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from dialplan.emulators.openai.mind import (
    CallTool,
    Decision,
    FunctionCall,
    FunctionOutput,
    Item,
    Message,
    Say,
    ToolDefinition,
    Turn,
)
from dialplan.emulators.rehearsal.choose import Embeds
from dialplan.emulators.rehearsal.mind import RehearsalMind

NOW = datetime(2026, 3, 2, 9, 0)
DATE = {"type": "string", "format": "date"}
BOOK = ToolDefinition(
    "book_table",
    "Book a table.",
    {"properties": {"day": DATE, "name": {"type": "string"}}, "required": ["day", "name"]},
)
HANG_UP = ToolDefinition("hang_up", "End the call.", {})
TRANSFER = ToolDefinition("transfer_to_owner", "Put the caller through.", {})


@pytest.fixture
def mind(bag: Embeds) -> RehearsalMind:
    return RehearsalMind(bag, lambda: NOW)


def turn(
    *items: Item,
    tools: tuple[ToolDefinition, ...] = (BOOK, HANG_UP, TRANSFER),
    response: str | None = None,
    choice: str = "auto",
) -> Turn:
    return Turn("s", "You are a restaurant.", response, tools, choice, items)


def caller(text: str) -> Message:
    return Message("user", text)


def agent(text: str) -> Message:
    return Message("assistant", text)


def called(**arguments: Any) -> FunctionCall:
    return FunctionCall("c1", "book_table", json.dumps(arguments))


def answered(**output: Any) -> FunctionOutput:
    return FunctionOutput("c1", json.dumps(output))


WISH = caller("book a table for tomorrow my name is Ann Bell")
CALL = called(day="2026-03-03", name="Ann Bell")
CONFIRM = answered(status="confirm", say="Shall I book it?", message="Ask.")


async def test_words_asked_for_are_said_as_they_are(mind: RehearsalMind) -> None:
    said = [d async for d in mind.respond(turn(response="Say this: “Hello, Joe's.”"))]

    assert said == [Say("Hello, Joe's.")]


def test_a_whole_wish_becomes_a_call(mind: RehearsalMind) -> None:
    assert mind.decide(turn(WISH)) == [
        CallTool("book_table", {"day": "2026-03-03", "name": "Ann Bell"})
    ]


def test_tomorrow_is_of_the_day_that_the_prompt_tells(mind: RehearsalMind) -> None:
    evening_before = replace(turn(WISH), instructions="It is Sunday, March 1 at 11 PM. Be kind.")

    assert mind.decide(evening_before) == [
        CallTool("book_table", {"day": "2026-03-02", "name": "Ann Bell"})
    ]


def test_one_thing_is_asked_at_a_time(mind: RehearsalMind) -> None:
    opening = caller("i want to book a table")
    first = mind.decide(turn(opening))
    second = mind.decide(turn(opening, agent("Which day would suit you?"), caller("tomorrow")))

    assert first == [Say("Which day would suit you?")]
    assert second == [Say("What is your name?")]


def test_a_question_cut_off_still_takes_its_answer(mind: RehearsalMind) -> None:
    decisions = mind.decide(
        turn(caller("i want to book a table"), agent("Which day"), caller("tomorrow"))
    )

    assert decisions == [Say("What is your name?")]


@pytest.mark.parametrize(
    ("reply", "decisions"),
    [
        ("yes please", [CallTool("book_table", {"day": "2026-03-03", "name": "Ann Bell"})]),
        (
            "make it friday",
            [CallTool("book_table", {"day": "2026-03-06", "name": "Ann Bell"})],
        ),
        ("what", [Say("Shall I book it?")]),
    ],
)
def test_a_confirmation_is_honoured(
    mind: RehearsalMind, reply: str, decisions: list[Decision]
) -> None:
    history = turn(WISH, CALL, CONFIRM, agent("Shall I book it?"), caller(reply))

    assert mind.decide(history) == decisions


def test_a_bare_time_may_correct_a_confirmation(mind: RehearsalMind) -> None:
    clock = {"type": "string", "format": "time"}
    pickup = ToolDefinition("book_pickup", "Book a pickup.", {"properties": {"time": clock}})
    call = FunctionCall("c1", "book_pickup", '{"time": "10:00"}')
    items: list[Item] = [caller("book a pickup at ten"), call, CONFIRM, agent("Shall I book it?")]

    decisions = mind.decide(turn(*items, caller("no make it eleven"), tools=(pickup,)))

    assert decisions == [CallTool("book_pickup", {"time": "11:00"})]


def test_a_no_calls_nothing(mind: RehearsalMind) -> None:
    decisions = mind.decide(turn(WISH, CALL, CONFIRM, agent("Shall I book it?"), caller("no")))

    assert decisions[0] == Say("All right, I will leave that.")
    assert not any(isinstance(d, CallTool) for d in decisions)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"status": "confirm", "say": "Shall I?"}, ["Shall I?"]),
        (
            {"status": "ok", "result": {"id": 1, "day": "2026-03-03"}},
            ["All set, the table is booked: tomorrow.", "Is there anything else I can help with?"],
        ),
        (
            {"status": "invalid", "message": "closed", "parameter": "day"},
            ["Sorry, I did not get that.", "Which day would suit you?"],
        ),
        (
            {"status": "failed", "message": "boom"},
            [
                "I am sorry, I could not do that just now.",
                "Would you like me to put you through to somebody?",
            ],
        ),
        (
            {"status": "refused", "message": "We are closed.", "first": ["nothing"]},
            ["We are closed.", "Is there anything else I can help with?"],
        ),
    ],
)
def test_each_outcome_is_told(mind: RehearsalMind, output: dict[str, Any], said: list[str]) -> None:
    decisions = mind.decide(turn(WISH, CALL, answered(**output)))

    assert decisions == [Say(text) for text in said]


def test_fixed_words_after_a_tool_has_answered_do_not_answer_for_it(mind: RehearsalMind) -> None:
    booked = answered(status="ok", result={"id": 1, "day": "2026-03-03"})
    items: list[Item] = [WISH, CALL, booked, agent("One moment while I book it.")]

    decisions = mind.decide(turn(*items))
    said = " ".join(one.text for one in decisions if isinstance(one, Say))

    assert said.startswith("All set, the table is booked: tomorrow.")
    assert mind.decide(turn(*items, agent(said))) == [Say("Are you still there?")]
    assert mind.decide(turn(*items, agent(said[:20]))) == [Say("Are you still there?")]


def test_a_tool_that_is_next_is_called_after_fixed_words(mind: RehearsalMind) -> None:
    over = answered(status="handed_over", to="bookings")
    handoff = FunctionCall("c1", "to_bookings", "{}")

    decisions = mind.decide(turn(WISH, handoff, over, agent("Let me get bookings.")))

    assert decisions == [CallTool("book_table", {"day": "2026-03-03", "name": "Ann Bell"})]


def test_output_that_is_no_json_is_a_result(mind: RehearsalMind) -> None:
    decisions = mind.decide(turn(WISH, CALL, FunctionOutput("c1", "All good")))

    assert isinstance(decisions[0], Say)


def test_goodbye_is_said_before_hanging_up(mind: RehearsalMind) -> None:
    assert mind.decide(turn(caller("thanks bye"))) == [
        Say("Thank you for calling. Goodbye."),
        CallTool("hang_up", {}),
    ]


def test_after_two_misunderstandings_a_person_is_offered(mind: RehearsalMind) -> None:
    sorry = "Sorry, I did not understand that. Could you say it another way?"
    items = [caller("blorp"), agent(sorry), caller("blarp"), agent(sorry), caller("blurp")]

    assert mind.decide(turn(*items)) == [Say("Would you like me to put you through to somebody?")]
    assert mind.decide(
        turn(*items, agent("Would you like me to put you through to somebody?"), caller("yes"))
    ) == [CallTool("transfer_to_owner", {})]


def test_a_handed_over_caller_need_not_repeat(mind: RehearsalMind) -> None:
    handoff = FunctionCall("h", "to_bookings", "{}")
    over = FunctionOutput("h", json.dumps({"status": "handed_over", "to": "bookings"}))

    decisions = mind.decide(turn(caller("i want to book a table"), handoff, over))

    assert decisions == [Say("Which day would suit you?")]


def test_who_is_asked_for_a_name_may_give_the_number_instead(mind: RehearsalMind) -> None:
    properties = {"guest_number": {"type": "integer"}, "name": {"type": "string"}}
    find = ToolDefinition("find_guest", "Find a guest.", {"properties": properties})
    wish, call = caller("find my guest file"), FunctionCall("c1", "find_guest", "{}")
    items: list[Item] = [wish, call, answered(status="not_found", message="No guest.")]

    asked = mind.decide(turn(*items, tools=(find,)))
    question = " ".join(one.text for one in asked if isinstance(one, Say))
    items += [agent(question), caller("One, zero, four, two, seven.")]

    assert question.endswith("What is your name?")
    assert mind.decide(turn(*items, tools=(find,))) == [
        CallTool("find_guest", {"guest_number": 10427})
    ]


def test_calls_without_a_word_from_the_caller_are_bounded(mind: RehearsalMind) -> None:
    find = ToolDefinition("find_guest", "Find a guest.", {})
    items: list[Item] = [WISH]
    for number in range(12):
        decision = mind.decide(turn(*items, tools=(BOOK, find)))[-1]
        if not isinstance(decision, CallTool):
            break
        refused = {"status": "refused", "message": "First find.", "first": ["find_guest"]}
        output = refused if decision.name == "book_table" else {"status": "ok", "result": {"id": 1}}
        items += [
            FunctionCall(f"c{number}", decision.name, json.dumps(dict(decision.arguments))),
            FunctionOutput(f"c{number}", json.dumps(output)),
        ]

    assert isinstance(decision, Say)
    assert len(items) < 12


def test_a_code_is_asked_for_when_the_tool_that_takes_it_was_not_enough(
    mind: RehearsalMind,
) -> None:
    verify = ToolDefinition("verify_guest", "Verify.", {"properties": {"code": {"type": "string"}}})
    tools = (BOOK, verify)
    refused = {"status": "refused", "message": "Not yet.", "first": ["verify_guest"]}
    items: list[Item] = [WISH, CALL, FunctionOutput("c1", json.dumps(refused))]

    assert mind.decide(turn(*items, tools=tools)) == [CallTool("verify_guest", {})]

    sent = {"status": "ok", "result": {"sent_to": "your phone"}}
    again = json.dumps({"day": "2026-03-03", "name": "Ann Lee"})
    items += [
        FunctionCall("c2", "verify_guest", "{}"),
        FunctionOutput("c2", json.dumps(sent)),
        FunctionCall("c3", "book_table", again),
        FunctionOutput("c3", json.dumps(refused)),
    ]
    asked = mind.decide(turn(*items, tools=tools))

    assert asked == [Say("The sent to is your phone."), Say("What is the code?")]

    items += [agent("The sent to is your phone. What is the code?"), caller("4 8 2 9 1 3")]

    assert mind.decide(turn(*items, tools=tools)) == [CallTool("verify_guest", {"code": "482913"})]


def test_a_required_tool_is_called_whatever_was_said(mind: RehearsalMind) -> None:
    decisions = mind.decide(turn(caller("friday"), choice="book_table"))

    assert decisions == [CallTool("book_table", {"day": "2026-03-06"})]


def test_without_tools_nothing_is_called(mind: RehearsalMind) -> None:
    decisions = mind.decide(turn(WISH, tools=(), choice="none"))

    assert all(isinstance(d, Say) for d in decisions)


def test_the_same_turn_gets_the_same_decisions(mind: RehearsalMind, bag: Embeds) -> None:
    history = turn(WISH, CALL, CONFIRM, agent("Shall I book it?"), caller("make it friday"))

    assert mind.decide(history) == RehearsalMind(bag, lambda: NOW).decide(history)


STAMP = {"type": "string", "format": "date-time"}
TIMES = ToolDefinition(
    "find_times",
    "Find free times.",
    {"properties": {"day": DATE, "after": {"type": "string", "format": "time"}}},
)
TAKE = ToolDefinition(
    "book_wash",
    "Book a wash.",
    {
        "properties": {"place": {"type": "string"}, "starts_at": STAMP, "name": {"type": "string"}},
        "required": ["place", "starts_at", "name"],
    },
)
ON_OFFER = [
    {"place": "Bay 1", "starts_at": "2026-03-06T10:00", "name": "Wash and wax"},
    {"place": "Bay 2", "starts_at": "2026-03-06T11:00", "name": "Wash and wax"},
]


def offered(*more: Item) -> Turn:
    """The rows of `ON_OFFER` were found for Friday and told."""
    call = FunctionCall("c1", "find_times", '{"day": "2026-03-06", "after": null}')
    told = agent("I have two: the first, ...; the second, .... Which one would you like?")
    wish = caller("find free times on friday")
    return turn(
        wish, call, answered(status="ok", result=ON_OFFER), told, *more, tools=(TIMES, TAKE)
    )


def test_a_row_is_taken_by_its_columns_but_the_callers_name_is_asked_for(
    mind: RehearsalMind,
) -> None:
    asked = agent("The second one: .... What is your name?")

    first = mind.decide(offered(caller("the second one")))
    then = mind.decide(offered(caller("the second one"), asked, caller("Ann Bell")))

    assert "What is your name?" in str(first)
    chosen = {"place": "Bay 2", "starts_at": "2026-03-06T11:00", "name": "Ann Bell"}
    assert then == [CallTool("book_wash", chosen)]


def test_another_time_is_looked_for_on_the_same_day(mind: RehearsalMind) -> None:
    decisions = mind.decide(offered(caller("do you have something after two")))

    assert decisions == [CallTool("find_times", {"day": "2026-03-06", "after": "14:00"})]


def test_another_day_is_looked_for_at_any_time(mind: RehearsalMind) -> None:
    decisions = mind.decide(offered(caller("do you have something on thursday")))

    assert decisions == [CallTool("find_times", {"day": "2026-03-05"})]


def test_a_message_for_the_model_is_not_read_out(mind: RehearsalMind) -> None:
    message = "Nothing was found or changed with these values."
    decisions = mind.decide(turn(WISH, CALL, answered(status="not_found", message=message)))

    assert "values" not in str(decisions)
    assert "I could not find that." in str(decisions)
