from dialplan.model.tool import Tool
from dialplan.tools.deeds import key_of, state_read

STATE = ("customer", "order", "unused")


def tool(**kind: object) -> Tool:
    return Tool.model_validate({"description": "Do it.", **kind})


def test_the_state_in_a_tools_own_words_decides_what_it_does() -> None:
    http = {"get": "{{ endpoints.it }}/{{ state.customer }}"}

    read = state_read(tool(http=http, set={"order": "{{ result.id }}"}, requires=["order"]), STATE)

    assert read == {"customer"}


def test_a_function_and_a_specialist_may_read_all_of_it() -> None:
    function = tool(python="parts.tools:check", set={"order": "{{ result.id }}"})
    specialist = tool(specialist={"prompt": "prompts/x.md"})

    assert state_read(function, STATE) == {"customer", "unused"}
    assert state_read(specialist, STATE) == set(STATE)


def test_the_order_of_arguments_makes_no_other_deed() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of({"a": 1}) != key_of({"a": "1"})
