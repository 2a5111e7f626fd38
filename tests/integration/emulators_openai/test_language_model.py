"""A language model behind the emulator, played by a scripted Chat Completions server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from openai import APIConnectionError, InternalServerError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from dialplan.emulators.openai.language_model import LanguageModelMind
from dialplan.emulators.openai.mind import (
    AnswerForm,
    CallTool,
    Decision,
    FunctionCall,
    FunctionOutput,
    Item,
    Message,
    Say,
    ToolDefinition,
    Turn,
)

Delta = dict[str, Any]
BOOK = ToolDefinition("book", "Books a visit", {"type": "object", "properties": {"day": {}}})


class ChatServer:
    """Answers with the deltas it was given; keeps the requests it got."""

    def __init__(self, deltas: Sequence[Delta | None], models: Sequence[str] = ("tiny",)) -> None:
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._deltas = deltas
        self._models = models

    async def models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name} for name in self._models]})

    async def chat(self, request: Request) -> Response:
        self.requests.append(await request.json())
        if not self.requests[-1].get("stream"):
            message = {"role": "assistant", **(self._deltas[0] or {})}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return JSONResponse(
                {"id": "c", "object": "chat.completion", "created": 1, "model": "tiny"}
                | {"choices": [choice]}
            )
        if self._deltas == [{"broken": True}]:
            return JSONResponse({"error": {"message": "no"}}, status_code=500)
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        for delta in self._deltas:
            if delta is None:
                await asyncio.sleep(5)
                return
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "tiny"}
            yield f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"
        yield "data: [DONE]\n\n"


@asynccontextmanager
async def serving(
    *deltas: Delta | None, models: Sequence[str] = ("tiny",)
) -> AsyncIterator[ChatServer]:
    chat = ChatServer(list(deltas), models)
    app = Starlette(
        routes=[
            Route("/v1/models", chat.models),
            Route("/v1/chat/completions", chat.chat, methods=["POST"]),
        ]
    )
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    # It listens before the server runs, so that a client may connect at once.
    listener = socket.create_server(("127.0.0.1", 0))
    chat.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listener]))
        try:
            yield chat
        finally:
            server.should_exit = True
            server.force_exit = True


def turn(
    *items: Item,
    tools: Sequence[ToolDefinition] = (),
    tool_choice: str = "auto",
    response_instructions: str | None = None,
) -> Turn:
    return Turn(
        session_id="s",
        instructions="Be kind.",
        response_instructions=response_instructions,
        tools=tools,
        tool_choice=tool_choice,
        items=items,
    )


async def decisions(mind: LanguageModelMind, asked: Turn) -> list[Decision]:
    async with mind:
        return [decision async for decision in mind.respond(asked)]


def call_piece(index: int, name: str | None, arguments: str) -> Delta:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": "x", "type": "function", "function": function}]}


async def test_an_answer_in_a_form_is_asked_for_as_structured_output_and_kept_whole() -> None:
    form = AnswerForm("fields", {"type": "object", "properties": {"note": {"type": "string"}}})
    written = '{"note": "First.  Then   second. "}'
    async with serving({"content": written}) as chat:
        asked = replace(turn(Message("user", "The record.")), form=form)
        got = await decisions(LanguageModelMind(chat.url), asked)

    assert got == [Say(written)]
    assert chat.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "fields", "strict": True, "schema": dict(form.schema)},
    }


async def test_a_streamed_answer_becomes_sentences_and_then_tool_calls() -> None:
    deltas = [
        {"role": "assistant", "content": "Let me "},
        {"content": "see. One mo"},
        {"content": "ment please."},
        call_piece(0, "book", '{"da'),
        call_piece(0, None, 'y": "monday"}'),
        call_piece(1, "other", ""),
    ]
    async with serving(*deltas) as chat:
        made = await decisions(LanguageModelMind(chat.url), turn(tools=[BOOK]))

    assert made == [
        Say("Let me see."),
        Say("One moment please."),
        CallTool("book", {"day": "monday"}),
        CallTool("other", {}),
    ]


async def test_a_sentence_is_yielded_while_the_model_still_writes() -> None:
    async with serving({"content": "First. "}, None) as chat:
        mind = LanguageModelMind(chat.url, piece_limit_s=1.5)
        async with mind:
            answer = mind.respond(turn())
            first = await anext(aiter(answer))
            with pytest.raises(TimeoutError):
                await anext(aiter(answer))

    assert first == Say("First.")


async def test_the_conversation_reaches_the_model_as_chat() -> None:
    items = (
        Message("assistant", "Hello."),
        Message("user", "A visit please"),
        FunctionCall("c1", "book", "{}"),
        FunctionOutput("c1", '"ok"'),
        Message("system", "It is late."),
        Message("user", ""),
    )
    async with serving({"content": "Fine."}) as chat:
        asked = turn(*items, tools=[BOOK], tool_choice="book", response_instructions="Be brief.")
        await decisions(LanguageModelMind(chat.url), asked)
        [request] = chat.requests

    assert request["model"] == "tiny"
    assert [(m["role"], m.get("content")) for m in request["messages"]] == [
        ("system", "Be kind."),
        ("assistant", "Hello."),
        ("user", "A visit please"),
        ("assistant", None),
        ("tool", '"ok"'),
        ("system", "It is late."),
        ("user", "(the caller is silent)"),
        ("system", "Be brief."),
    ]
    assert request["messages"][3]["tool_calls"][0]["id"] == "c1"
    assert request["tools"][0]["function"]["parameters"] == BOOK.parameters
    assert request["tool_choice"] == {"type": "function", "function": {"name": "book"}}


async def test_without_tools_none_are_sent_and_a_named_model_is_used() -> None:
    async with serving({"content": "Fine."}, models=[]) as chat:
        made = await decisions(LanguageModelMind(chat.url, "big"), turn(tool_choice="required"))
        [request] = chat.requests

    assert made == [Say("Fine.")]
    assert request["model"] == "big"
    assert "tools" not in request
    assert "tool_choice" not in request


async def test_which_model_thinks_is_known_once_the_server_was_asked() -> None:
    async with serving({"content": "Fine."}) as chat:
        mind = LanguageModelMind(chat.url)
        before = mind.model
        await decisions(mind, turn())

    assert (before, mind.model) == (None, "tiny")


async def test_exact_words_are_spoken_without_asking_the_model() -> None:
    async with serving() as chat:
        asked = turn(response_instructions="Say: “Good day. Who is it?”")
        made = await decisions(LanguageModelMind(chat.url), asked)

    assert made == [Say("Good day."), Say("Who is it?")]
    assert chat.requests == []


async def test_arguments_that_are_no_object_are_an_error() -> None:
    async with serving(call_piece(0, "book", "[1]")) as chat:
        with pytest.raises(ValueError, match="`book`"):
            await decisions(LanguageModelMind(chat.url), turn(tools=[BOOK]))


async def test_a_server_without_models_is_an_error_that_says_what_to_do() -> None:
    async with serving(models=[]) as chat:
        with pytest.raises(LookupError, match="lists no model"):
            await decisions(LanguageModelMind(chat.url), turn())


async def test_a_server_that_fails_or_is_not_there_is_an_error() -> None:
    async with serving({"broken": True}) as chat:
        with pytest.raises(InternalServerError):
            await decisions(LanguageModelMind(chat.url), turn())
    with pytest.raises(APIConnectionError):
        await decisions(LanguageModelMind(chat.url), turn())
