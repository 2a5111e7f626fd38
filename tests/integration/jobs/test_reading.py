"""A call that is over, read by a text model over the emulated Responses API."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.jobs.conftest import facts

from dialplan.config.load import LoadedVertical
from dialplan.emulators.openai.mind import Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.text import text_app
from dialplan.engines.text.extraction import TextModel
from dialplan.errors import ToolError
from dialplan.jobs.reading import OverCall, Reader, over_call
from dialplan.model.kinds import after_call_prompt
from dialplan.model.vertical import Vertical
from dialplan.web.serving import serving

VARIABLES = {"timezone": "America/Chicago", "business_name": "Lakeside"}


def clinic(**after_call: Any) -> LoadedVertical:
    vertical = Vertical.model_validate(
        {
            "name": "clinic",
            "title": "A clinic",
            "dialplan": 1,
            "voice": {"greeting": "Hello."},
            "state": {"patient_id": "integer"},
            "agents": {"reception": {"entry": True, "prompt": "Answer."}},
            "after_call": {
                "fields": {"number": "phone", "at": "datetime", "score": {"type": "integer"}},
                **after_call,
            },
        }
    )
    # What the file says stands under a name of its own, as the loader puts it there.
    prompts = {after_call_prompt(): "{{ business_name }} heals, {{ state.patient_id }}."}
    return LoadedVertical(vertical, "v1", prompts if "prompt" in after_call else {}, Path())


def call() -> OverCall:
    found = over_call(facts(("reception", "Hello."), ("caller", "Call me at nine.")), {})
    assert found is not None
    return found


@asynccontextmanager
async def reader(*answers: dict[str, Any]) -> AsyncIterator[tuple[Reader, ScriptedMind]]:
    mind = ScriptedMind([[Say(json.dumps(one))] for one in answers])
    async with serving(text_app(mind)) as url:
        model = TextModel(api_key="k1", base_url=f"{url}/v1")
        yield Reader(model), mind
        await model.close()


async def test_the_fields_of_a_call_are_read_by_the_clock_of_the_business() -> None:
    answer = {"number": "+15550107788", "at": "2026-03-03T09:00", "score": None}
    async with reader(answer) as (reads, _):
        reading = await reads.read(call(), clinic(), VARIABLES)

    assert reading.fields == answer | {"at": "2026-03-03T09:00-06:00"}
    assert reading.model == "gpt-5-mini"


async def test_the_model_is_told_what_the_business_adds() -> None:
    async with reader({"number": None, "at": None, "score": None}) as (reads, mind):
        await reads.read(call(), clinic(prompt="prompts/after_call.md"), VARIABLES)

    assert mind.turns[0].instructions.endswith("What the business adds:\nLakeside heals, None.")


async def test_what_was_said_is_material_and_no_part_of_the_instructions() -> None:
    async with reader({"number": None, "at": None, "score": None}) as (reads, mind):
        await reads.read(call(), clinic(), VARIABLES)

    (turn,) = mind.turns
    (record,) = [one.text for one in turn.items if isinstance(one, Message)]
    assert {"caller": "Call me at nine."} in json.loads(record)["record"]
    assert "nine" not in turn.instructions


async def test_a_prompt_that_cannot_be_filled_is_final() -> None:
    without = {"timezone": "America/Chicago"}

    async with reader() as (reads, _):
        with pytest.raises(ToolError, match="the prompt of `after_call`"):
            await reads.read(call(), clinic(prompt="prompts/after_call.md"), without)


async def test_a_vertical_without_after_call_has_nothing_to_read() -> None:
    loaded = clinic()
    bare = LoadedVertical(loaded.vertical.model_copy(update={"after_call": None}), "v1", {}, Path())

    async with reader() as (reads, _):
        with pytest.raises(ToolError, match="has no `after_call`"):
            await reads.read(call(), bare, VARIABLES)
