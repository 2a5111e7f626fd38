"""What the next agent sees of a call, as the handoff in the vertical's YAML has it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.openai.mind import CallTool, FunctionOutput, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store.facts import HandedOff, TurnSpoken

SHIPPED = Path(__file__).parents[3] / "verticals"
CLINIC = "+15550100001"
BILLING = "billing: {when: The caller asks about a bill or about insurance., announce: "
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
def handing_over(tmp_path: Path) -> Callable[[str], Path]:
    """The shipped verticals, where the clinic hands over to billing with a context."""

    def written(context: str) -> Path:
        folder = tmp_path / "verticals"
        shutil.copytree(SHIPPED, folder)
        file = folder / "healthcare" / "vertical.yaml"
        text = file.read_text()
        begin = BILLING.replace("announce", f"carry: [patient_name], context: {context}, announce")
        assert BILLING in text
        file.write_text(text.replace(BILLING, begin, 1))
        # Data of its own: the tests of this folder share one database.
        tenants = folder / "tenants.yaml"
        tenants.write_text(tenants.read_text().replace("  lakeside:", f"  handoff_{context}:"))
        return folder

    return written


@pytest.mark.parametrize(
    ("context", "arguments", "summary"),
    [("summary", {"summary": "A bill is too high."}, "A bill is too high."), ("none", {}, "")],
)
async def test_the_next_agent_sees_what_the_handoff_tells_and_no_more(
    rehearse: Open,
    handing_over: Callable[[str], Path],
    context: str,
    arguments: dict[str, str],
    summary: str,
) -> None:
    mind = ScriptedMind(
        [
            [CallTool("find_patient", {"born": "1985-05-04"})],
            [Say("Hello, Maria.")],
            [CallTool("to_billing", arguments)],
            [Say("Which bill is it?")],
            [Say("I see it.")],
        ]
    )
    async with rehearse(handing_over(context), mind=mind) as rehearsal:
        await rehearsal.ring(
            CLINIC, "I was born in eighty five.", "My bill is too high.", "The one of May."
        )
        said = [(fact.speaker, fact.text) for fact in rehearsal.of(TurnSpoken)]
        handed = [(fact.source, fact.target) for fact in rehearsal.of(HandedOff)]

    assert handed == [("front_desk", "billing")]
    before = next(turn for turn in mind.turns if any(t.name == "to_billing" for t in turn.tools))
    (tool,) = [tool for tool in before.tools if tool.name == "to_billing"]
    assert list(tool.parameters["properties"]) == list(arguments)

    seen = mind.turns[-1].items
    (told,) = [item for item in seen if isinstance(item, FunctionOutput)]
    assert json.loads(told.output) == {
        "status": "handed_over",
        "to": "billing",
        "summary": summary,
        "known": {"patient_name": "Maria Lopez"},
    }
    assert [item.text for item in seen if isinstance(item, Message)] == [
        "Let me get billing.",
        "Which bill is it?",
        "The one of May.",
    ]
    # The record of the call is whole.
    assert said[1:] == [
        ("caller", "I was born in eighty five."),
        ("agent", "Hello, Maria."),
        ("caller", "My bill is too high."),
        ("agent", "Let me get billing."),
        ("agent", "Which bill is it?"),
        ("caller", "The one of May."),
        ("agent", "I see it."),
    ]
