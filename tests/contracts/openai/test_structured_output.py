"""The `openai` package asks the emulated Responses API for structured output, as an application."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from openai import AsyncOpenAI, BadRequestError, InternalServerError
from openai.types.responses import ResponseTextConfigParam
from pydantic import BaseModel

from dialplan.emulators.openai.mind import Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.text import text_app
from dialplan.web.serving import serving


class Fields(BaseModel):
    """What an application wants to know."""

    intent: Literal["book", "cancel"] | None
    score: int


@pytest.fixture
def mind() -> ScriptedMind:
    return ScriptedMind([[Say('{"intent": "book",  "score": 40}')]] * 4)


@pytest.fixture
async def client(mind: ScriptedMind) -> AsyncIterator[AsyncOpenAI]:
    async with (
        serving(text_app(mind)) as url,
        AsyncOpenAI(api_key="k1", base_url=f"{url}/v1", max_retries=0) as client,
    ):
        yield client


def format_of(**changed: object) -> ResponseTextConfigParam:
    made: Any = {
        "format": {
            "type": "json_schema",
            "name": "fields",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"intent": {"type": "string"}, "score": {"type": "integer"}},
                "required": ["intent", "score"],
                "additionalProperties": False,
            },
            **changed,
        }
    }
    config: ResponseTextConfigParam = made
    return config


async def test_the_package_parses_the_answer_into_its_own_type(client: AsyncOpenAI) -> None:
    response = await client.responses.parse(model="gpt-5-mini", input="Hi.", text_format=Fields)

    assert response.output_parsed == Fields(intent="book", score=40)


async def test_an_emulator_says_who_thinks_behind_it(mind: ScriptedMind) -> None:
    async with (
        serving(text_app(mind, lambda: "somebody else")) as url,
        AsyncOpenAI(api_key="k1", base_url=f"{url}/v1", max_retries=0) as client,
    ):
        response = await client.responses.create(model="gpt-5-mini", input="Hi.")

    assert response.model == "somebody else"


async def test_the_answer_is_one_text_of_the_schema(client: AsyncOpenAI) -> None:
    response = await client.responses.create(model="m", input="Hi.", text=format_of())

    assert json.loads(response.output_text) == {"intent": "book", "score": 40}
    assert response.status == "completed"
    assert response.text is not None
    assert response.text.format is not None
    assert response.text.format.type == "json_schema"


async def test_a_schema_out_of_strict_mode_is_refused_with_its_code(client: AsyncOpenAI) -> None:
    open_schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}

    with pytest.raises(BadRequestError) as caught:
        await client.responses.create(model="m", input="Hi.", text=format_of(schema=open_schema))

    assert caught.value.code == "invalid_json_schema"
    assert caught.value.param == "text.format.schema"
    assert "'additionalProperties' is required to be supplied" in caught.value.message


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"name": None}, "text.format.name"),
        ({"name": "two words"}, "text.format.name"),
        ({"schema": None}, "text.format.schema"),
        ({"schema": {"type": "object", "properties": 3}}, "text.format.schema"),
        ({"type": "json_object"}, "text.format"),
    ],
)
async def test_a_format_that_is_not_whole_is_refused_where_it_is_not(
    client: AsyncOpenAI, changed: dict[str, object], param: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.responses.create(model="m", input="Hi.", text=format_of(**changed))

    assert caught.value.param == param


async def test_an_answer_that_does_not_fit_never_leaves(client: AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"intent": {"type": "string", "enum": ["cancel"]}},
        "required": ["intent"],
        "additionalProperties": False,
    }

    with pytest.raises(InternalServerError):
        await client.responses.create(model="m", input="Hi.", text=format_of(schema=schema))


async def test_without_strict_a_schema_is_a_wish(client: AsyncOpenAI) -> None:
    loose = format_of(strict=False, schema={"type": "object", "properties": {"n": {}}})

    response = await client.responses.create(model="m", input="Hi.", text=loose)

    assert json.loads(response.output_text) == {"intent": "book", "score": 40}
