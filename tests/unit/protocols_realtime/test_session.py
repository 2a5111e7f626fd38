"""Which response may be asked for, and when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from dialplan.protocols.realtime.session import ALREADY_ACTIVE, ResponseState


def sent(frames: list[str]) -> list[dict[str, Any]]:
    return [orjson.loads(frame) for frame in frames]


def begin(state: ResponseState, frames: list[str], response_id: str) -> None:
    """Let the server open the response that the only frame asks for."""
    (create,) = sent(frames)
    state.created(response_id, create["response"]["metadata"])


def test_a_response_is_asked_for_at_once_when_the_model_is_quiet() -> None:
    (create,) = sent(ResponseState().request())

    assert create["type"] == "response.create"
    assert create["event_id"] == "create_1"


def test_a_second_request_waits_for_the_end_of_the_first() -> None:
    state = ResponseState()
    begin(state, state.request(), "r1")

    assert state.request() == []
    assert len(state.done("r1")) == 1


def test_a_request_waits_for_a_response_that_the_server_began() -> None:
    state = ResponseState()
    state.created("r1", {})

    assert state.say("hello", "say_1") == []
    (create,) = sent(state.done("r1"))
    assert create["response"]["metadata"]["say_id"] == "say_1"


def test_waiting_requests_in_the_models_own_words_become_one() -> None:
    state = ResponseState()
    begin(state, state.request(), "r1")
    state.request()
    state.request()
    begin(state, state.done("r1"), "r2")

    assert state.done("r2") == []


def test_words_to_say_keep_their_order_and_are_never_merged() -> None:
    state = ResponseState()
    begin(state, state.say("one", "say_1"), "r1")
    state.request()
    state.say("two", "say_2")
    frames = state.done("r1")
    begin(state, frames, "r2")

    assert sent(frames)[0]["response"]["metadata"]["say_id"] == "say_2"
    assert "say_id" not in sent(state.done("r2"))[0]["response"]["metadata"]


def test_a_request_that_met_a_response_without_its_output_is_sent_again_after_it() -> None:
    state = ResponseState()
    state.called("c1")
    frames = state.answered("c1", wants_response=True)
    state.created("server's own", {})
    state.read("c1")

    assert state.refused("create_1", ALREADY_ACTIVE) == []
    (again,) = sent(state.done("server's own"))
    assert again["type"] == sent(frames)[0]["type"]


def test_a_request_that_met_a_response_with_its_output_is_not_sent_again() -> None:
    state = ResponseState()
    state.called("c1")
    state.answered("c1", wants_response=True)
    state.read("c1")
    state.created("server's own", {})

    assert state.refused("create_1", ALREADY_ACTIVE) == []
    assert state.done("server's own") == []


def test_a_tools_answer_is_not_spoken_of_while_the_caller_speaks() -> None:
    state = ResponseState(answers_turns=True)
    state.called("c1")
    state.caller_began()

    assert state.answered("c1", wants_response=True) == []
    state.read("c1")
    assert state.caller_stopped() == []
    state.created("server's own", {})
    assert state.done("server's own") == [], "that response has told of it"


def test_an_answer_too_late_for_the_servers_response_is_spoken_of_after_it() -> None:
    state = ResponseState(answers_turns=True)
    state.called("c1")
    state.caller_began()
    state.caller_stopped()

    assert state.answered("c1", wants_response=True) == []
    state.created("server's own", {})
    state.read("c1")
    assert len(state.done("server's own")) == 1


def test_an_answer_waits_no_longer_for_a_server_that_heard_only_noise() -> None:
    state = ResponseState(answers_turns=True)
    state.caller_began()
    state.request()
    state.caller_stopped()

    assert state.awaits_answer
    assert len(state.answer_overdue()) == 1
    assert not state.awaits_answer


def test_a_server_that_answers_no_turns_is_asked_when_the_turn_is_over() -> None:
    state = ResponseState()
    state.caller_began()

    assert state.request() == []
    assert len(state.caller_stopped()) == 1


def test_a_caller_who_goes_on_holds_the_answer_again() -> None:
    state = ResponseState(answers_turns=True)
    state.caller_began()
    state.request()
    state.caller_stopped()
    state.caller_began()

    assert state.answer_overdue() == []


def test_words_to_say_do_not_wait_for_the_caller() -> None:
    state = ResponseState(answers_turns=True)
    state.caller_began()

    assert len(state.say("goodbye", "say_1")) == 1


def test_a_turn_that_the_server_could_not_answer_is_answered_after_our_words() -> None:
    state = ResponseState(answers_turns=True)
    begin(state, state.say("one moment", "say_1"), "r1")
    state.caller_began()
    state.caller_stopped()

    assert state.refused(None, ALREADY_ACTIVE) == []
    assert len(state.done("r1")) == 1


def test_a_fresh_connection_knows_of_no_caller_who_speaks() -> None:
    state = ResponseState(answers_turns=True)
    state.caller_began()
    state.request()

    assert len(state.reset()) == 1


def test_words_that_met_an_open_response_are_said_after_it() -> None:
    state = ResponseState()
    frames = state.say("hello", "say_1")
    state.created("server's own", {})
    state.refused("create_1", ALREADY_ACTIVE)

    assert state.done("server's own") == frames


def test_a_request_that_is_refused_for_good_makes_way_for_the_next() -> None:
    state = ResponseState()
    state.say("one", "say_1")
    state.say("two", "say_2")

    (create,) = sent(state.refused("create_1", "invalid_value"))

    assert create["event_id"] == "create_2"


@pytest.mark.parametrize("event_id", [None, "create_9"])
def test_an_error_about_something_else_changes_nothing(event_id: str | None) -> None:
    state = ResponseState()
    state.request()
    state.say("two", "say_2")

    assert state.refused(event_id, "invalid_value") == []


def test_an_error_without_a_request_changes_nothing() -> None:
    assert ResponseState().refused("create_1", ALREADY_ACTIVE) == []


def test_an_open_response_is_muted_once() -> None:
    state = ResponseState()
    assert state.mute() is None
    begin(state, state.request(), "r1")

    assert state.mute() == "r1"
    assert state.mute() is None
    assert state.muted("r1")
    assert not state.muted("r2")
    assert state.active == "r1"


def test_two_tools_of_one_response_are_answered_with_one_response() -> None:
    state = ResponseState()
    state.called("c1")
    state.called("c2")

    assert state.answered("c1", wants_response=True) == []
    assert len(state.answered("c2", wants_response=False)) == 1


def test_an_answer_that_wants_no_response_gets_none() -> None:
    state = ResponseState()
    state.called("c1")

    assert state.answered("c1", wants_response=False) == []


def test_the_end_of_a_response_that_is_not_open_opens_nothing_twice() -> None:
    state = ResponseState()
    begin(state, state.request(), "r1")
    state.request()

    assert state.done("older") == []
    assert state.active == "r1"


def test_a_fresh_connection_repeats_what_was_asked_and_not_begun() -> None:
    state = ResponseState()
    frames = state.say("hello", "say_1")

    assert state.reset() == frames


def test_a_fresh_connection_takes_up_the_response_that_was_lost() -> None:
    state = ResponseState()
    begin(state, state.request(), "r1")

    assert len(state.reset()) == 1
    assert state.active is None


def test_a_fresh_connection_does_not_take_up_a_muted_response() -> None:
    state = ResponseState()
    begin(state, state.request(), "r1")
    state.mute()

    assert state.reset() == []


def test_a_tool_called_after_another_was_answered_is_waited_for() -> None:
    state = ResponseState()
    state.created("r1", {})
    state.called("c1")
    state.answered("c1", wants_response=True)
    state.called("c2")

    assert state.done("r1") == []
    assert len(state.answered("c2", wants_response=True)) == 1


def test_a_fresh_connection_says_lost_words_from_their_start() -> None:
    state = ResponseState()
    frames = state.say("hello", "say_1")
    begin(state, frames, "r1")

    assert state.reset() == frames


def test_a_fresh_connection_takes_up_a_response_of_the_servers_own() -> None:
    state = ResponseState()
    state.created("r1", {})

    assert len(state.reset()) == 1
