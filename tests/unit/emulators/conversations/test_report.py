import json
from pathlib import Path
from xml.etree import ElementTree

from dialplan.config.conversations import LoadedConversation
from dialplan.config.values import Place, Value
from dialplan.emulators.conversations.report import as_json, as_junit, details, line, summary
from dialplan.emulators.conversations.run import Failure, Result
from dialplan.model.conversation import Conversation

FILE = Path("verticals/shop/conversations/a.yaml")


def _result(*failures: Failure, name: str = "A & B") -> Result:
    told = Conversation.model_validate({"name": name, "turns": [{"caller": "Hi."}]})
    root = Value(Place(str(FILE), 1, 1), {})
    loaded = LoadedConversation("conversations/a.yaml", FILE, told, root)
    return Result("shop", loaded, 1.234, failures, ("desk: Hello.", "caller: Hi."), (730, None))


FAILURE = Failure(str(FILE), 4, 13, "to hear `x`", "the agent said: <\x07>")


def test_a_conversation_that_passed_is_one_line() -> None:
    assert line(_result()) == "ok     1.2 s  shop: A & B"
    assert details(_result()) == ""


def test_a_failure_is_a_place_that_can_be_clicked_and_both_sides_then_the_call() -> None:
    assert line(_result(FAILURE)) == "FAIL   1.2 s  shop: A & B"
    assert details(_result(FAILURE)).splitlines() == [
        f"    {FILE}:4:13: expected to hear `x`",
        "        got the agent said: <\x07>",
        "    the call:",
        "        desk: Hello.",
        "        caller: Hi.",
    ]


def test_the_summary_counts() -> None:
    assert summary([_result()], 2.0) == "1 conversation in 2.0 s: 1 passed"
    assert summary([_result(), _result(FAILURE)], 2.0) == (
        "2 conversations in 2.0 s: 1 passed, 1 failed"
    )


def test_json_holds_every_failure_with_its_place() -> None:
    (row,) = json.loads(as_json([_result(FAILURE)]))

    assert (row["passed"], row["file"], row["seconds"]) == (False, str(FILE), 1.234)
    assert row["failures"][0]["line"] == 4
    assert row["transcript"] == ["desk: Hello.", "caller: Hi."]
    assert row["waited_ms"] == [730, None]


def test_junit_is_xml_that_ci_reads_whatever_was_said() -> None:
    root = ElementTree.fromstring(as_junit([_result(), _result(FAILURE)], 2.5))  # noqa: S314

    assert root.attrib == {"name": "dialplan", "tests": "2", "failures": "1", "time": "2.500"}
    suite = root[0]
    assert (suite.get("name"), suite.get("time")) == ("shop", "2.468")
    passed, failed = suite
    assert (passed.get("classname"), passed.get("name"), len(passed)) == ("shop.a", "A & B", 0)
    assert failed[0].get("message") == "expected to hear `x`, got the agent said: <>"
    assert f"{FILE}:4:13" in (failed[0].text or "")
