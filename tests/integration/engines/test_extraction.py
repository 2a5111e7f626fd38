"""A schema filled in over the real client of the provider, against the emulated Responses API."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dialplan.emulators.openai.mind import Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.text import text_app
from dialplan.engines.text.extraction import Extraction, TextModel
from dialplan.errors import ToolError, TryLater
from dialplan.web.serving import serving

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"intent": {"type": ["string", "null"]}, "score": {"type": ["integer", "null"]}},
    "required": ["intent", "score"],
    "additionalProperties": False,
}
SECRET = "My card is 4111."


def asked(schema: dict[str, Any] | None = None) -> Extraction:
    return Extraction(
        name="call_fields",
        model="gpt-5-mini",
        schema=SCHEMA if schema is None else schema,
        instructions="Fill in the fields.",
        material=json.dumps({"record": [{"caller": SECRET}]}),
    )


def check(answer: object) -> tuple[dict[str, Any], list[str]]:
    """Hold values up to a score of 100."""
    given = answer if isinstance(answer, dict) else {}
    score = given.get("score")
    wrong = ["`score`: expected at most 100."] if isinstance(score, int) and score > 100 else []
    if not isinstance(answer, dict):
        wrong.append("Expected one JSON object.")
    return {"intent": given.get("intent"), "score": None if wrong else score}, wrong


@asynccontextmanager
async def emulated(*answers: dict[str, Any]) -> AsyncIterator[tuple[TextModel, ScriptedMind]]:
    mind = ScriptedMind([[Say(json.dumps(one))] for one in answers])
    async with serving(text_app(mind)) as url:
        model = TextModel(api_key="k1", base_url=f"{url}/v1")
        yield model, mind
        await model.close()


@asynccontextmanager
async def provider(
    *answers: Response, answer_s: float = 5.0
) -> AsyncIterator[tuple[TextModel, list[dict[str, Any]]]]:
    """A provider that answers what it is told, the last answer again and again."""
    seen: list[dict[str, Any]] = []

    async def respond(request: Request) -> Response:
        seen.append(await request.json())
        return answers[min(len(seen), len(answers)) - 1]

    app = Starlette(routes=[Route("/v1/responses", respond, methods=["POST"])])
    async with serving(app) as url:
        model = TextModel(api_key="k1", base_url=f"{url}/v1", answer_s=answer_s)
        yield model, seen
        await model.close()


def response(
    parts: Sequence[dict[str, Any]], status: str = "completed", **more: object
) -> JSONResponse:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
    }
    return JSONResponse(
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": status,
            "model": "gpt-5-mini",
            "output": [message] if parts else [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "error": None,
            "incomplete_details": None,
            **more,
        }
    )


def text(words: str) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


async def test_an_answer_that_fits_is_asked_for_once() -> None:
    async with emulated({"intent": "book", "score": 40}) as (model, mind):
        held = (await model.extract(asked(), check)).held

    assert held == {"intent": "book", "score": 40}
    (turn,) = mind.turns
    assert turn.instructions == "Fill in the fields."
    assert turn.items == [Message("user", asked().material)]
    assert turn.form is not None
    assert (turn.form.name, turn.form.schema, turn.form.strict) == ("call_fields", SCHEMA, True)


async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_what_is_wrong() -> None:
    async with emulated({"intent": "a", "score": 101}, {"intent": "b", "score": 9}) as (
        model,
        mind,
    ):
        held = (await model.extract(asked(), check)).held

    assert held == {"intent": "b", "score": 9}
    assert mind.turns[1].items[1:] == [
        Message("assistant", '{"intent": "a", "score": 101}'),
        Message(
            "user",
            "That does not fit. Give the whole object once more, with these mended:\n"
            "`score`: expected at most 100.",
        ),
    ]


async def test_what_fits_of_a_second_answer_is_kept() -> None:
    async with emulated({"intent": "a", "score": 101}, {"intent": "b", "score": 102}) as (model, _):
        held = (await model.extract(asked(), check)).held

    assert held == {"intent": "b", "score": None}


@pytest.mark.parametrize(
    ("named", "known"),
    [("gpt-5-mini-2025-08-07", "gpt-5-mini-2025-08-07"), (None, "gpt-5-mini"), (7, "gpt-5-mini")],
)
async def test_who_answered_is_known_by_the_providers_own_name(named: object, known: str) -> None:
    answer = response([text('{"intent": null, "score": null}')], model=named)

    async with provider(answer) as (model, _):
        found = await model.extract(asked(), check)

    assert found.model == known


async def test_nothing_is_kept_at_the_provider() -> None:
    async with provider(response([text('{"intent": null, "score": null}')])) as (model, seen):
        await model.extract(asked(), check)

    assert seen[0]["store"] is False
    assert seen[0]["max_output_tokens"] == 16_000


async def test_text_that_is_no_json_holds_nothing() -> None:
    async with provider(response([text("I would say: book.")])) as (model, seen):
        held = (await model.extract(asked(), check)).held

    assert held == {"intent": None, "score": None}
    assert len(seen) == 2


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_busy_provider_is_tried_later(status: int) -> None:
    # The client itself waits as long as it is told before it tries again.
    busy = JSONResponse({"error": {"message": SECRET}}, status, {"retry-after-ms": "1"})
    async with provider(busy) as (model, seen):
        with pytest.raises(TryLater, match=f"answered with status {status}") as caught:
            await model.extract(asked(), check)

    assert len(seen) == 3
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_tried_later_and_not_at_once(status: int) -> None:
    refused = JSONResponse({"error": {"message": f"k1 {SECRET}"}}, status)
    async with provider(refused) as (model, seen):
        with pytest.raises(TryLater, match=f"answered with status {status}"):
            await model.extract(asked(), check)

    assert len(seen) == 1


async def test_a_provider_that_says_when_is_left_alone_until_then() -> None:
    busy = JSONResponse({}, 429, {"retry-after": "1", "x-should-retry": "false"})
    async with provider(busy) as (model, _):
        with pytest.raises(TryLater) as caught:
            await model.extract(asked(), check)

    assert caught.value.after_s == 1


async def test_a_provider_that_is_away_is_tried_later() -> None:
    model = TextModel(api_key="k1", base_url="http://127.0.0.1:9/v1")

    with pytest.raises(TryLater, match="cannot be reached: APIConnectionError"):
        await model.extract(asked(), check)

    await model.close()


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refused_request_is_final_and_tells_nothing_of_the_call(status: int) -> None:
    refused = JSONResponse({"error": {"message": f"k1 {SECRET}"}}, status)
    async with provider(refused) as (model, seen):
        with pytest.raises(ToolError) as caught:
            await model.extract(asked(), check)

    assert str(caught.value) == f"the text model `gpt-5-mini` answered with status {status}"
    assert len(seen) == 1


async def test_a_schema_that_is_not_strict_is_refused_as_the_provider_does() -> None:
    async with emulated() as (model, _):
        with pytest.raises(ToolError, match="answered with status 400"):
            await model.extract(asked({**SCHEMA, "required": ["intent"]}), check)


async def test_a_model_that_refuses_gives_no_answer() -> None:
    refusal = {"type": "refusal", "refusal": "I cannot help with that."}
    async with provider(response([refusal])) as (model, _):
        with pytest.raises(ToolError, match="the text model `gpt-5-mini` refused to answer"):
            await model.extract(asked(), check)


async def test_an_answer_that_breaks_off_is_none() -> None:
    broken = response(
        [text('{"intent": "bo')], "incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    async with provider(broken) as (model, _):
        with pytest.raises(ToolError, match="gave no whole answer: max_output_tokens"):
            await model.extract(asked(), check)


@pytest.mark.parametrize(
    ("code", "kind"), [("server_error", TryLater), ("invalid_prompt", ToolError)]
)
async def test_a_response_that_failed_is_tried_later_where_that_helps(
    code: str, kind: type[Exception]
) -> None:
    failed = response([], "failed", error={"code": code, "message": SECRET})
    async with provider(failed) as (model, _):
        with pytest.raises(kind, match=f"failed: {code}") as caught:
            await model.extract(asked(), check)

    assert SECRET not in str(caught.value)


async def test_a_page_instead_of_a_response_is_no_answer() -> None:
    async with provider(PlainTextResponse("<html>", 200)) as (model, _):
        with pytest.raises(ToolError, match="gave no whole answer: unreadable"):
            await model.extract(asked(), check)
