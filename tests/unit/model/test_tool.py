from typing import Any

import pytest
from pydantic import ValidationError

from dialplan.model.tool import Confirm, Destination, Parameter, Say, Tool


def _tool(**keys: Any) -> Tool:
    return Tool.model_validate({"description": "Find it.", **keys})


def test_short_forms_mean_the_same_as_long_ones() -> None:
    tool = _tool(sql="SELECT 1", parameters={"n": "integer"}, say="Wait.", confirm="Sure?")

    assert tool.parameters["n"] == Parameter(type="integer")
    assert tool.say == Say(start="Wait.")
    assert tool.confirm == Confirm(say="Sure?")


@pytest.mark.parametrize("keys", [{}, {"sql": "SELECT 1", "builtin": "hang_up"}])
def test_a_tool_does_exactly_one_thing(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        _tool(**keys)


@pytest.mark.parametrize("builtin", ["transfer", "take_message", "send_sms", "answer"])
def test_a_builtin_says_what_it_needs(builtin: str) -> None:
    with pytest.raises(ValidationError, match=f"with .*`{builtin}`"):
        _tool(builtin=builtin)


def test_a_message_is_written_by_the_author_or_by_the_model_and_not_by_both() -> None:
    assert _tool(builtin="send_sms", message="Hello.").message == "Hello."
    with pytest.raises(ValidationError, match="only one of `message`"):
        _tool(builtin="send_sms", message="Hello.", parameters={"message": "string"})


def test_a_destination_by_parameter_falls_back_to_the_last_one() -> None:
    to = {"by": "area", "lines": {"West Side": "west_line"}, "else": "office_line"}
    tool = _tool(builtin="transfer", to=to)

    assert tool.destinations == {"west_line", "office_line"}
    assert isinstance(tool.to, Destination)
    assert tool.to.chosen(" west side ") == "west_line"
    assert tool.to.chosen(None) == "office_line"


def test_a_request_has_one_method_and_its_address() -> None:
    http = _tool(http={"post": "https://example.com", "json": {"a": 1}}).http

    assert http is not None
    assert (http.method, http.url, http.body) == ("POST", "https://example.com", {"a": 1})


def test_two_methods_are_refused() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        _tool(http={"get": "https://example.com", "post": "https://example.com"})


def test_a_parameter_with_a_default_is_not_required_of_the_model() -> None:
    assert Parameter().required
    assert not Parameter(default="x").required
    assert not Parameter(optional=True).required


def test_a_tool_cannot_be_changed() -> None:
    tool = _tool(sql="SELECT 1")

    with pytest.raises(ValidationError, match="frozen"):
        tool.sql = "DROP TABLE x"  # type: ignore[misc]  # the point of the test
