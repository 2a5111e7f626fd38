import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.jobs.conftest import LINE, facts

from dialplan.config.load import LoadedVertical
from dialplan.errors import ToolError
from dialplan.jobs.over import OverCall, over_call
from dialplan.jobs.reading import names_of
from dialplan.jobs.sending import due, prepare_send, target_of
from dialplan.model.after_call import AfterCall
from dialplan.model.vertical import Vertical
from dialplan.runtime.directory import Line

CRM = {"crm": {"base_url": "https://crm.example.com/api", "auth": {"bearer": "crm_token"}}}


def line(*sends: dict[str, Any], secrets: dict[str, str] | None = None) -> Line:
    vertical = Vertical.model_validate(
        {
            "name": "clinic",
            "title": "A clinic",
            "dialplan": 1,
            "voice": {"greeting": "Hello."},
            "secrets": ["crm_token"],
            "endpoints": CRM,
            "agents": {"reception": {"entry": True, "prompt": "Answer."}},
            "after_call": {
                "fields": {"follow_up": "boolean", "score": "integer", "topic": "string"},
                "send": list(sends),
            },
        }
    )
    known = {"crm_token": "t1"} if secrets is None else secrets
    loaded = LoadedVertical(vertical, "v1", {}, Path())
    return Line(LINE, "lakeside", loaded, {"timezone": "America/Chicago"}, known)


def call() -> OverCall:
    found = over_call(facts(("caller", "Call me back.")), {})
    assert found is not None
    return found


def due_of(owner: Line, **fields: Any) -> list[int]:
    after = owner.vertical.vertical.after_call
    assert isinstance(after, AfterCall)
    return due(after, names_of(call(), owner, fields))


POST = {"http": {"post": "{{ endpoints.crm }}/calls"}}


@pytest.mark.parametrize(
    ("when", "fields", "applies"),
    [
        ("{{ fields.follow_up }}", {"follow_up": True}, True),
        ("{{ fields.follow_up }}", {"follow_up": False}, False),
        ("{{ fields.follow_up }}", {"follow_up": None}, False),
        ("{{ fields.score }}", {"score": 0}, False),
        ("{{ fields.score > 50 }}", {"score": 70}, True),
        ("{{ fields.score > 50 }}", {"score": 30}, False),
        ("{{ fields.topic }}", {"topic": ""}, False),
        ("{{ fields.topic }}", {"topic": "a bill"}, True),
        ("{% if fields.score %}yes{% endif %}", {"score": None}, False),
        ("true", {}, True),
        ("false", {}, False),
    ],
)
def test_a_send_applies_where_its_when_comes_to_something(
    when: str, fields: dict[str, Any], applies: bool
) -> None:
    assert due_of(line(POST | {"when": when}), **fields) == ([1] if applies else [])


def test_sends_are_numbered_from_one_and_apply_each_for_itself() -> None:
    owner = line(POST, POST | {"when": "{{ fields.follow_up }}"}, POST)

    assert due_of(owner, follow_up=False) == [1, 3]


def test_a_when_that_cannot_be_filled_is_an_error_of_that_send() -> None:
    owner = line(POST | {"when": "{{ fields.score > 50 }}"})

    assert due_of(owner, score=None) == [1]
    with pytest.raises(ToolError, match="`when`: cannot fill the template"):
        prepare_send(1, call(), owner, {"score": None})


def test_a_request_without_a_body_carries_the_call_and_its_fields() -> None:
    request = prepare_send(1, call(), line(POST), {"follow_up": True, "score": None})

    assert (request.method, request.url) == ("POST", "https://crm.example.com/api/calls")
    assert request.headers["Authorization"] == "Bearer t1"
    body = json.loads(request.content or b"")
    assert body["fields"] == {"follow_up": True, "score": None}
    assert body["call"]["sid"] == "CA1"
    assert body["call"]["began_at"] == "2026-03-02T09:00-06:00"


def test_a_request_with_a_body_of_its_own_carries_that() -> None:
    own = {"post": "{{ endpoints.crm }}/calls", "json": {"text": "{{ transcript }}"}}

    request = prepare_send(1, call(), line({"http": own}), {})

    assert json.loads(request.content or b"") == {"text": "Caller: Call me back."}


def test_a_request_that_carries_no_body_gets_none() -> None:
    own = {"get": "{{ endpoints.crm }}/calls/{{ call.sid }}"}

    request = prepare_send(1, call(), line({"http": own}), {})

    assert (request.url, request.content) == ("https://crm.example.com/api/calls/CA1", None)


def test_a_target_is_the_method_and_the_host_alone() -> None:
    own = {"put": "{{ endpoints.crm }}/calls/{{ fields.topic }}"}

    request = prepare_send(1, call(), line({"http": own}), {"topic": "secret"})

    assert target_of(request) == "PUT crm.example.com"


def test_a_missing_secret_is_final() -> None:
    with pytest.raises(ToolError, match="the secret `crm_token` has no value"):
        prepare_send(1, call(), line(POST, secrets={}), {})


def test_a_template_that_cannot_be_filled_is_final_and_tells_no_value() -> None:
    own = {"post": "{{ endpoints.crm }}/calls/{{ fields.topic }}"}

    with pytest.raises(ToolError, match="the request of send 1: cannot fill the address"):
        prepare_send(1, call(), line({"http": own}), {"topic": None})


@pytest.mark.parametrize("number", [0, 2])
def test_a_send_that_the_vertical_does_not_have_is_final(number: int) -> None:
    with pytest.raises(ToolError, match=f"has no send {number}"):
        prepare_send(number, call(), line(POST), {})
