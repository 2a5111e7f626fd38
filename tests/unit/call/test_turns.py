import pytest

from dialplan.call.turns import GOES_ON_MS, MOST_TOOLS, Turn, TurnTracker

PAUSE_MS = 500


def tracker(*, greeted: bool = True) -> TurnTracker:
    made = TurnTracker(1_000, PAUSE_MS)
    if greeted:
        made.heard("greeting", 1_300, 1_301, "desk")
    return made


def asked(made: TurnTracker, began_ms: float = 5_000, ended_ms: float = 6_000) -> Turn:
    made.caller_began(began_ms)
    made.caller_ended(ended_ms)
    return made.turn


def test_the_greeting_is_measured_from_the_calls_arrival() -> None:
    made = tracker(greeted=False)
    assert made.awaits

    made.heard("r1", 1_740, 1_742, "desk")

    assert (made.turn.number, made.turn.cause, made.turn.agent) == (0, "call", "desk")
    assert made.turn.answer_ms == 742
    assert made.turn.pause_ms is None
    assert not made.awaits


def test_an_answer_is_the_models_share_and_the_bridges() -> None:
    made = tracker()
    turn = asked(made)

    made.heard("r2", 6_400, 6_402.5, "desk")

    assert turn.answer_ms == 402.5
    assert (turn.model_share_ms, turn.bridge_share_ms) == (400, 2.5)
    assert turn.pause_ms == PAUSE_MS


def test_only_the_first_audio_is_waited_for_and_only_after_the_caller_has_ended() -> None:
    made = tracker()
    assert not made.awaits
    made.caller_began(5_000)
    assert not made.awaits
    made.caller_ended(6_000)
    assert made.awaits
    made.heard("r2", 6_400, 6_401, "desk")
    assert not made.awaits


def test_a_turn_is_given_out_when_the_next_begins_and_the_last_when_the_call_ends() -> None:
    made = tracker()

    greeting = made.caller_began(5_000)
    made.caller_ended(6_000)
    made.heard("r2", 6_400, 6_401, "desk")
    first = made.caller_began(9_000)
    last = made.call_ended(9_500)

    assert greeting is not None
    assert first is not None
    assert [(one.number, one.over_ms) for one in (greeting, first, last)] == [
        *((0, 5_000), (1, 9_000), (2, 9_500))
    ]
    assert last.asked_ms is None
    assert last.answer_ms is None


def test_a_caller_who_goes_on_before_anything_was_done_has_one_turn_with_the_last_end() -> None:
    made = tracker()
    asked(made)

    assert made.caller_began(6_300) is None
    made.caller_ended(7_000)
    made.heard("r3", 7_250, 7_250, "desk")

    assert (made.turn.number, made.turn.began_ms, made.turn.answer_ms) == (1, 5_000, 250)


def test_a_caller_nobody_answered_speaks_again_in_a_turn_of_their_own() -> None:
    made = tracker()
    asked(made)

    unanswered = made.caller_began(6_000 + GOES_ON_MS)

    assert unanswered is not None
    assert unanswered.answer_ms is None
    assert made.turn.number == 2


def test_a_caller_who_speaks_while_a_tool_works_begins_anew() -> None:
    made = tracker()
    asked(made)
    made.tool_began("find", 6_100)

    over = made.caller_began(6_500)

    assert over is not None
    assert [(one.tool, one.ended_ms, one.status) for one in over.tools] == [
        ("find", 6_500, "unfinished")
    ]


def test_a_tool_that_ends_after_its_turn_leaves_what_was_told_as_it_was() -> None:
    made = tracker()
    asked(made)
    span = made.tool_began("find", 6_100)
    made.caller_began(6_500)

    made.tool_ended(span, "ok", 9_000)

    assert (span.ended_ms, span.status) == (6_500, "unfinished")


def test_speech_that_was_under_way_when_the_caller_ended_is_no_answer() -> None:
    made = tracker()
    made.response_began("old")
    turn = asked(made)

    made.heard("old", 6_010, 6_010, "desk")
    assert made.awaits
    made.response_ended("old", cancelled=False)
    made.response_began("new")
    made.heard("new", 6_800, 6_801, "desk")

    assert turn.answer_ms == 801


def test_a_barge_in_is_told_in_the_turn_that_it_begins() -> None:
    made = tracker()
    asked(made)
    made.response_began("r2")
    made.heard("r2", 6_400, 6_401, "desk")

    cut = made.caller_began(7_000)
    made.cleared(7_004.5)
    made.response_ended("r2", cancelled=True)

    assert cut is not None
    assert cut.stop_ms is None
    assert (made.turn.stop_ms, made.turn.cancelled) == (4.5, True)


def test_a_response_that_ends_by_itself_was_not_broken_off() -> None:
    made = tracker()
    made.response_began("r2")

    made.response_ended("r2", cancelled=False)

    assert not made.turn.cancelled


def test_what_answers_nobody_ends_the_wait_but_the_greetings() -> None:
    made = tracker(greeted=False)
    made.spoke_up()
    assert made.awaits
    made.heard("r1", 1_300, 1_300, "desk")
    asked(made)

    made.spoke_up()

    assert not made.awaits
    assert made.call_ended(20_000).answer_ms is None


def test_an_entry_on_the_keypad_is_one_turn_from_its_first_key() -> None:
    made = tracker()
    for at in (5_000, 5_300, 5_600):
        made.key_pressed(at)
    made.keys_entered(7_600)
    made.heard("r2", 7_900, 7_901, "desk")

    turn = made.call_ended(9_000)

    assert (turn.number, turn.cause, turn.began_ms) == (1, "keys", 5_000)
    assert (turn.pause_ms, turn.answer_ms) == (None, 301)


def test_the_end_of_speech_during_an_entry_does_not_end_the_entry() -> None:
    made = tracker()
    made.key_pressed(5_000)

    assert made.caller_ended(5_200) is None

    assert made.turn.asked_ms is None


def test_a_second_report_of_a_beginning_changes_nothing() -> None:
    made = tracker()
    made.caller_began(5_000)

    assert made.caller_began(5_500) is None

    assert made.turn.began_ms == 5_000


def test_an_end_whose_beginning_nobody_reported_is_a_turn() -> None:
    made = tracker()

    greeting = made.caller_ended(6_000)

    assert greeting is not None
    assert (made.turn.number, made.turn.cause, made.turn.asked_ms) == (1, "speech", 6_000)


def test_tools_that_work_at_once_take_their_time_once() -> None:
    made = tracker()
    turn = asked(made)
    first, second = made.tool_began("a", 6_100), made.tool_began("b", 6_200)
    made.tool_ended(second, "ok", 6_300)
    made.tool_ended(first, "ok", 6_500)
    third = made.tool_began("c", 7_000)
    made.heard("r2", 7_200, 7_201, "desk")
    made.tool_ended(third, "failed", 7_600)

    assert turn.tool_ms == 400 + 600
    assert turn.tool_wait_ms == 400 + 200
    assert [one.status for one in turn.tools] == ["ok", "ok", "failed"]


def test_a_turn_without_an_answer_had_no_wait_for_tools() -> None:
    made = tracker()
    turn = asked(made)
    made.tool_ended(made.tool_began("a", 6_100), "ok", 6_300)

    assert (turn.tool_ms, turn.tool_wait_ms) == (200, 0)


def test_a_model_in_a_loop_of_tools_fills_no_memory() -> None:
    made = tracker()
    asked(made)
    for at in range(MOST_TOOLS + 50):
        made.tool_ended(made.tool_began("a", 6_000 + at), "ok", 6_000 + at)

    assert len(made.turn.tools) == MOST_TOOLS


def test_a_handoff_is_told_with_its_moment() -> None:
    made = tracker()
    turn = asked(made)

    made.handed_over("desk", "cellar", 6_100)

    assert [(one.source, one.target, one.at_ms) for one in turn.handoffs] == [
        ("desk", "cellar", 6_100)
    ]


@pytest.mark.parametrize("pause_ms", [None, 700])
def test_the_pause_is_told_where_it_is_known(pause_ms: int | None) -> None:
    made = TurnTracker(0, pause_ms)

    made.caller_began(1_000)
    made.caller_ended(2_000)

    assert made.turn.pause_ms == pause_ms
