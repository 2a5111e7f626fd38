from datetime import timedelta

import pytest
from tests.unit.jobs.conftest import BEGAN, CALLER, LINE, facts

from dialplan.jobs.over import OverCall, about_call, over_call, skip_reason, transcript_of
from dialplan.model.after_call import AfterCall
from dialplan.model.vertical import Vertical

AFTER = AfterCall.model_validate(
    {"fields": {"follow_up": "boolean"}, "skip_when": {"shorter_than": "8s"}}
)
CLINIC = Vertical.model_validate(
    {
        "name": "clinic",
        "title": "A clinic",
        "dialplan": 1,
        "voice": {"greeting": "Hello."},
        "state": {"patient_id": "integer", "visit_id": "integer"},
        "agents": {"reception": {"entry": True, "prompt": "Answer."}},
    }
)


def call(*said: tuple[str, str], duration_ms: int = 60_000) -> OverCall:
    found = over_call(facts(*said, duration_ms=duration_ms), {"patient_id": 4})
    assert found is not None
    return found


def test_a_call_is_made_of_its_facts() -> None:
    over = call(("reception", "Hello."), ("caller", "A visit, please."), ("tool", "book_visit"))

    assert (over.call_sid, over.tenant, over.vertical, over.version) == (
        "CA1",
        "lakeside",
        "clinic",
        "v1",
    )
    assert (over.caller, over.called) == (CALLER, LINE)
    assert (over.began_at, over.ended_at) == (BEGAN, BEGAN + timedelta(minutes=1))
    assert (over.duration_ms, over.reason) == (60_000, "caller")
    assert [one.text for one in over.turns] == ["Hello.", "A visit, please."]
    assert [one.tool for one in over.tools] == ["book_visit"]
    assert over.state == {"patient_id": 4}


@pytest.mark.parametrize("part", [slice(1, None), slice(None, -1), slice(0, 0)])
def test_a_call_without_its_beginning_or_its_end_is_none(part: slice) -> None:
    assert over_call(facts(("caller", "Hello."))[part], {}) is None


def test_what_was_said_is_not_in_the_repr_of_a_call() -> None:
    shown = repr(call(("caller", "My name is Maria.")))

    assert "Maria" not in shown
    assert CALLER not in shown
    assert "patient_id" not in shown


def test_a_call_in_which_somebody_spoke_long_enough_is_read() -> None:
    assert skip_reason(AFTER, call(("caller", "Hello."), duration_ms=8_000)) is None


def test_a_short_call_is_skipped() -> None:
    over = call(("caller", "Hello."), duration_ms=7_999)

    assert skip_reason(AFTER, over) == "shorter than 8 s"


def test_a_call_in_which_the_caller_said_nothing_is_skipped() -> None:
    assert skip_reason(AFTER, call(("reception", "Hello."))) == "the caller said nothing"
    assert skip_reason(AFTER, call(("caller", "  "))) == "the caller said nothing"


def test_templates_see_the_call_by_the_clock_of_the_business() -> None:
    over = call(("reception", "Hello."), ("caller", "Hi."), ("billing", "Yes?"))

    names = about_call(over, CLINIC, {"timezone": "America/Chicago", "business_name": "Lakeside"})

    about = names["call"]
    assert isinstance(about, dict)
    assert about["began_at"].isoformat() == "2026-03-02T09:00:00-06:00"
    assert {key: value for key, value in about.items() if not key.endswith("_at")} == {
        "sid": "CA1",
        "from": CALLER,
        "to": LINE,
        "tenant": "lakeside",
        "vertical": "clinic",
        "duration_s": 60,
        "reason": "caller",
        "agent": "billing",
    }
    assert names["business_name"] == "Lakeside"


def test_a_name_of_the_state_that_the_call_never_knew_is_nothing() -> None:
    names = about_call(call(("caller", "Hi.")), CLINIC, {})

    assert names["state"] == {"patient_id": 4, "visit_id": None}


def test_a_transcript_has_a_line_for_each_turn() -> None:
    over = call(("reception", "Hello,\nClinic."), ("caller", "Hi."), ("tool", "find_slots"))

    assert transcript_of(over) == "Agent: Hello, Clinic.\nCaller: Hi."


def test_a_time_zone_that_is_none_counts_as_utc() -> None:
    about = about_call(call(("caller", "Hi.")), CLINIC, {"timezone": "Nowhere/At all"})["call"]

    assert isinstance(about, dict)
    assert about["began_at"].isoformat() == "2026-03-02T15:00:00+00:00"


def test_a_call_that_no_agent_answered_has_no_agent() -> None:
    assert call(("caller", "Hi.")).agent == ""
