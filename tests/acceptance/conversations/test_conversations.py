"""Every key of a conversation, held and missed through real calls; all calls in one run."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Results = Mapping[str, Any]
TAKE = """\
given: {seed: seed.yaml, now: "2026-12-31 23:58"}
turns:
  - caller: Ticket seven please.
    model: [{tool: {find: {number: 7}}}, {tool: {take: {slot: 4}}}, {say: "Shall I?"}]
    expect: {tool: {find: {number: 7}, take: {slot: 4}}, within: 3s}
  - caller: Yes.
    model: [{tool: {take: {slot: 4}}}, {say: Taken.}]
    expect: {tool: {take: {slot: 4}}, says: taken}
then:
  - sql: SELECT string_agg(CAST(id AS text), ',') FROM tickets WHERE taken
    equals: "4"
  - call: {ended_by: caller, handoffs: 0, errors: 0}
"""
RAN = "`weigh` {} -> failed; `find` {number: 1} -> not_found"
NOBODY = "nobody was dialled"
READ_ONLY = "cannot execute nextval() in a read-only transaction"
CONVERSATIONS = {
    # Two that take the same slot, and one that finds no row at all: nothing is shared.
    "take_once": TAKE,
    "take_again": TAKE,
    "empty": """\
turns: [{caller: Hello there., model: [{tool: {find: {number: 7}}}, {say: Nothing.}]}]
then:
  - {sql: SELECT count(*) FROM tickets, equals: 0}
  - {sql: "SELECT nextval('tickets_id_seq')", equals: 1}
""",
    "now": """\
given: {now: "2026-12-31 23:58", variables: {owner: Maria}, caller: "+15550107123"}
turns:
  - {caller: "What time is it?", model: [{tool: hour}, {say: Late.}], expect: {tool: hour}}
then:
  - {sql: "SELECT has_table_privilege('tickets', 'SELECT')", equals: true}
  - {sql: "SELECT has_table_privilege('dialplan.calls', 'SELECT')", equals: true}
""",
    "tomorrow": """\
given: {seed: seed.yaml, now: "2026-12-31 09:00"}
turns:
  - caller: What do you have tomorrow?
    expect: {tool: {free: {day: "2027-01-01"}}}
then: [{sql: "SELECT CAST(day AS text) FROM days", equals: "2027-01-01"}]
""",
    "mocked": """\
mocks: {find: {id: 99}, weigh: null, take: {id: 4}}
turns:
  - caller: Weigh it and take it.
    model:
      - {tool: {take: {slot: 4}}}
      - {tool: {find: {number: x}}}
      - {tool: {find: {number: 7}}}
      - {tool: weigh}
      - {tool: {take: {slot: 4}}}
      - {say: May I}
    expect: {tool: {find: {number: 7}, weigh: {}, take: {slot: 4}}}
  - {caller: Yes., model: [{tool: {take: {slot: 4}}}, {say: Done.}], expect: {tool: take}}
then:
  - {sql: SELECT count(*) FROM tickets, equals: 0}
  - {call: {errors: 0}}
""",
    "asked": """\
given: {seed: seed.yaml}
turns:
  - caller: Who has ticket seven?
    model:
      - {tool: {ask: {question: "Who has 7?"}}}
      - {tool: {find: {number: 7}}}
      - {say: Nobody has it.}
      - {say: Nobody does.}
    expect: {tool: {ask: {}, find: {number: 7}}, says: nobody}
then: [{call: {errors: 0}}]
""",
    "asked_mocked": """\
mocks: {ask: Nobody has it.}
turns:
  - caller: Who has ticket seven?
    model: [{tool: {ask: {question: "Who has 7?"}}}, {say: Nobody does.}]
    expect: {tool: {ask: {question: "who has 7?"}}, says: nobody}
""",
    "by_agent": """\
turns: [{caller: Goodbye., model: [{say: Bye., tool: leave}], expect: {says: bye}}]
then: [{call: {ended_by: agent}}]
""",
    "by_transfer": """\
turns: [{caller: A human please., model: [{say: One moment., tool: boss}]}]
then: [{call: {ended_by: transfer}}]
""",
    "handed": """\
turns:
  - {caller: Down please., model: [{handoff: cellar}, {say: "Wine?"}], expect: {handoff: cellar}}
  - {caller: Back please., model: [{handoff: desk}, {say: Yes.}], expect: {handoff: desk}}
then: [{call: {handoffs: 2}}]
""",
    "cut_in": """\
turns:
  - caller: Tell me about wine.
    model: [{say: "We have red and white and rose and sparkling wine of every kind and year."}]
    expect: {says: we}
  - caller: Stop.
    interrupts: 900ms
    model: [{say: I am sorry.}]
    expect: {heard: [we, {not: sparkling}], says: [sorry, {not: [red, sparkling]}]}
""",
    "cut_at_once": """\
turns:
  - {caller: Wine., interrupts: 200ms, model: [{say: Red or white?}]}
  - {caller: No., interrupts: true, hangs_up: true}
then: [{call: {ended_by: caller}}]
""",
    "keys": """\
turns:
  - keys: 47#
    model: [{say: "Four, seven."}]
    expect: {says: {matches: "four.+(seven|8)"}, no_tool: true, no_handoff: cellar, ends: false}
""",
    "silent": """\
turns:
  - {silence: 20s, expect: {says: Are you still there}}
  - {caller: Yes., model: [{say: Good.}], expect: {says: good, within: 2s}}
  - {silence: 90s, expect: {says: [Are you still there, goodbye], ends: true}}
then: [{call: {ended_by: limit, errors: 0}}]
""",
    "known": """\
given: {seed: seed.yaml, failing: weigh}
turns:
  - caller: Take it.
    model: [{tool: {take: {slot: 4}}}, {say: Which ticket?}]
    expect: {refused: take, state: {ticket: null}, no_tool: take}
  - caller: Seven.
    model: [{tool: {find: {number: 7}}}, {tool: {take: {slot: 4}}}, {say: Shall I?}]
    expect: {confirms: {take: {slot: 4}}, state: {ticket: 7}}
  - caller: Weigh it first.
    model: [{tool: weigh}, {say: I cannot.}]
    expect: {failed: weigh, no_tool: [take, find], judge: The agent is sorry., state: {ticket: 7}}
then: [{call: {errors: 0, no_tool: hour, says: [{not: wine}], shorter_than: 60s}}]
""",
    "texted": """\
given: {caller: "+15550107123"}
turns:
  - {caller: Text me., model: [{tool: {text: {message: Ticket 7}}}, {say: Sent.}]}
  - {caller: The boss please., model: [{tool: boss}], expect: {transferred: boss_line}}
then:
  - sms: {says: ticket}
  - sms: {to: "+15550107124", count: 0}
  - sms: {says: {not: wine}, count: 1}
""",
    "wrong_too": """\
turns:
  - caller: Weigh it.
    interrupts: 900ms
    model: [{tool: weigh}, {tool: {find: {number: 1}}}, {handoff: cellar}, {say: Ticket eight.}]
    expect:
      no_tool: [take, weigh]
      no_handoff: true
      confirms: take
      refused: find
      failed: hour
      says: [{not: [seven, eight]}, {matches: "nine|ten"}]
      heard: everything
      state: {ticket: 8}
      transferred: boss_line
      ends: true
then:
  - sms: {says: ticket}
  - sms: {count: 2}
  - call:
      shorter_than: 10ms
      no_tool: true
      says: [{not: eight}]
""",
    "wrong": """\
turns:
  - caller: Ticket seven.
    model: [{tool: {find: {number: 7}}}, {say: Nothing there.}, {say: Never asked for.}]
    expect:
      handoff: cellar
      tool: {find: {number: 8}}
      says: [nothing, {any: [something, anything]}]
      within: 100ms
  - caller: Weigh it.
    model: [{tool: weigh}, {say: Sorry.}]
    expect: {tool: weigh}
then:
  - sql: SELECT count(*) FROM tickets
    equals: 1
  - {sql: SELECT 1 / 0, equals: 1}
  - {sql: "SELECT nextval('tickets_id_seq')", equals: 1}
  - call:
      ended_by: agent
      handoffs: 1
      errors: 0
""",
    "early": """\
turns:
  - {caller: Goodbye., model: [{say: Bye., tool: leave}]}
  - {caller: Wait., model: [{say: Yes.}]}
""",
    "strayed": """\
turns:
  - {caller: Wine please., model: [{tool: {find: {number: 1}}, handoff: cellar}]}
""",
}


@pytest.fixture(scope="module")
def results(hold: Callable[..., list[Any]], shop: Callable[[Mapping[str, str]], Path]) -> Results:
    return {one.told.conversation.name: one for one in hold(shop(CONVERSATIONS))}


@pytest.mark.parametrize(
    "name",
    [
        *("take_once", "take_again", "tomorrow", "mocked", "asked", "asked_mocked"),
        *("by_agent", "by_transfer", "handed"),
        *("cut_in", "cut_at_once", "keys", "silent", "known", "texted"),
    ],
)
def test_a_conversation_that_goes_as_written_passes(results: Results, name: str) -> None:
    assert results[name].failures == ()


def _failures(result: Any) -> list[tuple[int, int, str, str]]:
    return [(one.line, one.column, one.expected, one.got) for one in result.failures]


def test_each_expectation_fails_at_its_place_with_both_sides(results: Results) -> None:
    found = _failures(results["wrong"])

    assert found[4][:3] == (9, 15, "an answer within 100 ms")
    assert re.fullmatch(
        r"\d+ ms: 500 ms pause, \d+ ms model, \d+ ms tools, \d+\.\d ms bridge", found[4][3]
    )
    assert [one for at, one in enumerate(found) if at != 4] == [
        (4, 65, "this response to be asked for", "it was not"),
        (6, 16, "a handoff to `cellar`", "no handoff"),
        (7, 14, "the tool `find` with number: 8", "`find` {number: 7} -> not_found"),
        (8, 23, "to hear `something` or `anything`", "the agent said: Nothing there."),
        (12, 20, "the tool `weigh`", "`weigh` {} -> failed"),
        (15, 13, "1", "0"),
        (16, 11, "a query for one value", "division by zero"),
        (17, 11, "a query for one value", READ_ONLY),
        (19, 17, "the call to be ended by agent", "caller"),
        (20, 17, "`handoffs: 1`", "0"),
        (21, 15, "`errors: 0`", "1: the tool `weigh` failed"),
    ]


def test_what_must_not_happen_fails_at_its_place_too(results: Results) -> None:
    found = _failures(results["wrong_too"])

    assert [one for one in found if one[0] != 21] == [
        (4, 17, "the caller to cut the agent off", "the agent was silent then"),
        (7, 23, "the tool `weigh` not to be used", "`weigh` {} -> failed"),
        (8, 19, "no handoff", "handed over to `cellar`"),
        (9, 17, "the tool `take` to ask the caller first", RAN),
        (10, 16, "the tool `find` to be refused", RAN),
        (11, 15, "the tool `hour` to fail", RAN),
        (12, 14, "not to hear `eight`", "the agent said: Ticket eight."),
        (12, 37, "to hear something like `nine|ten`", "the agent said: Ticket eight."),
        (13, 14, "to hear `everything`", "nothing of it was heard"),
        (14, 23, "`ticket` to be 8", "nothing"),
        (15, 20, "the caller to be put through to `boss_line` (+15550100099)", NOBODY),
        (16, 13, "the agent to end the call", "ended by caller"),
        (18, 5, "a text message to +15550107700", "none was sent"),
        (19, 18, "2 text messages to +15550107700", "0: none was sent"),
        (22, 16, "no tool to be used", "`find` {number: 1} -> not_found"),
        (22, 16, "no tool to be used", "`weigh` {} -> failed"),
        (23, 14, "not to hear `eight`", "agents said: Hello. Ticket eight."),
    ]
    assert [one[:3] for one in found if one[0] == 21] == [(21, 21, "less than 0.01 s")]


def test_a_caller_who_cuts_in_leaves_only_what_was_heard_in_the_transcript(
    results: Results,
) -> None:
    said = results["cut_in"].transcript

    assert said[1] == "caller: Tell me about wine."
    assert said[2].startswith("desk: We")
    assert len(said[2].split()) < 8
    assert said[3:5] == ("caller: Stop.", "desk: I am sorry.")


def test_what_only_a_model_can_judge_is_counted_and_never_passed(results: Results) -> None:
    assert results["known"].unjudged == 1


def test_the_transcript_shows_who_said_and_did_what_and_what_the_server_logged(
    results: Results,
) -> None:
    assert results["wrong"].transcript == (
        "desk: Hello.",
        "caller: Ticket seven.",
        "  tool `find` {number: 7} -> not_found",
        "desk: Nothing there.",
        "caller: Weigh it.",
        "  tool `weigh` {} -> failed",
        "desk: Sorry.",
        "  ended: caller",
        "  log: tool failed: weigh: DBAPIError 22012",
    )


def test_without_a_seed_the_tables_are_empty_and_a_query_cannot_write(results: Results) -> None:
    assert _failures(results["empty"]) == [(5, 11, "a query for one value", READ_ONLY)]


def test_the_platforms_tables_are_closed_to_the_queries_of_a_tenant(results: Results) -> None:
    assert _failures(results["now"]) == [(7, 77, "true", "false")]


def test_a_line_that_the_caller_never_came_to_say_fails(results: Results) -> None:
    assert _failures(results["early"]) == [
        (4, 14, "the caller to say this", "the call was over before (ended by agent)")
    ]


def test_a_call_that_leaves_the_script_says_where(results: Results) -> None:
    assert (
        3,
        28,
        "no response after those written here",
        "another response was asked for after a tool had answered",
    ) in (_failures(results["strayed"]))


def test_the_first_failure_is_the_last_result_when_asked(
    hold: Callable[..., list[Any]], shop: Callable[[Mapping[str, str]], Path]
) -> None:
    folder = shop({name: CONVERSATIONS[name] for name in ("by_agent", "early", "handed")})

    results = hold(folder, at_once=1, fail_fast=True)

    assert [(one.told.conversation.name, one.passed) for one in results] == [
        ("by_agent", True),
        ("early", False),
    ]
