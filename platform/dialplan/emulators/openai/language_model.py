"""A mind that asks a language model: any server with OpenAI's Chat Completions, a local one too.

It knows no protocol of the phone and no vertical; it turns a turn into chat messages and a streamed
answer into sentences and tool calls. A request for exact words is honoured without the model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from openai import AsyncOpenAI, omit
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
    ChatCompletionToolChoiceOptionParam,
)
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall
from openai.types.shared_params import ResponseFormatJSONSchema

from dialplan.emulators.openai.mind import (
    AnswerForm,
    CallTool,
    Decision,
    FunctionCall,
    FunctionOutput,
    Item,
    Message,
    Say,
    Turn,
)
from dialplan.emulators.openai.sentences import split, take
from dialplan.emulators.openai.verbatim import verbatim

_REQUEST_LIMIT_S: Final = 30.0
_PIECE_LIMIT_S: Final = 20.0


class LanguageModelMind:
    """Asks the model at `base_url` (such as `http://127.0.0.1:8080/v1`) for every response.

    An async context manager, or closed by `aclose`.

    Args:
        base_url: the server, with its version prefix.
        model: the model's id; the first the server lists when None.
        request_limit_s: seconds for the server to begin an answer.
        piece_limit_s: seconds between two pieces of it.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        request_limit_s: float = _REQUEST_LIMIT_S,
        piece_limit_s: float = _PIECE_LIMIT_S,
    ) -> None:
        # Local servers ask for no key, but the client insists on one.
        self._client = AsyncOpenAI(
            base_url=base_url, api_key="none", timeout=request_limit_s, max_retries=0
        )
        self._model = model
        self._piece_limit_s = piece_limit_s

    async def __aenter__(self) -> LanguageModelMind:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._client.close()

    @property
    def model(self) -> str | None:
        """The model's id; None until the server was asked which it has."""
        return self._model

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Yield the model's sentences as they are complete, then its tool calls.

        Raises:
            TimeoutError: the model stopped in the middle.
            ValueError: it called a tool with arguments that are no JSON object.
        """
        words = verbatim(turn.response_instructions)
        if words is not None:
            for sentence in split(words):
                yield Say(sentence)
            return
        if turn.form is not None:
            yield Say(await self._filled_in(turn, turn.form))
            return
        text = ""
        calls: dict[int, _Call] = {}
        async with aclosing(self._pieces(turn)) as pieces:
            async for piece in pieces:
                for choice in piece.choices[:1]:
                    text += choice.delta.content or ""
                    _collect(calls, choice.delta.tool_calls or [])
                done, text = take(text)
                for sentence in done:
                    yield Say(sentence)
        if text.strip():
            yield Say(text.strip())
        for _, call in sorted(calls.items()):
            yield CallTool(call.name, call.parsed())

    async def _filled_in(self, turn: Turn, form: AnswerForm) -> str:
        """Return an answer that a program reads, whole: its spaces are part of it."""
        response_format: ResponseFormatJSONSchema = {
            "type": "json_schema",
            "json_schema": {"name": form.name, "strict": form.strict, "schema": dict(form.schema)},
        }
        answer = await self._client.chat.completions.create(
            model=await self._chosen_model(),
            messages=_messages(turn),
            response_format=response_format,
        )
        return (answer.choices[0].message.content or "") if answer.choices else ""

    async def _pieces(self, turn: Turn) -> AsyncGenerator[ChatCompletionChunk, None]:
        tools = [_tool(tool.name, tool.description, tool.parameters) for tool in turn.tools]
        stream = await self._client.chat.completions.create(
            model=await self._chosen_model(),
            messages=_messages(turn),
            tools=tools or omit,
            tool_choice=_choice(turn.tool_choice) if tools else omit,
            stream=True,
        )
        async with stream:
            pieces = aiter(stream)
            while True:
                async with asyncio.timeout(self._piece_limit_s):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece

    async def _chosen_model(self) -> str:
        if self._model is None:
            listed = await self._client.models.list()
            if not listed.data:
                raise LookupError(
                    "the language model server lists no model, expected one; "
                    "load a model or name it"
                )
            self._model = listed.data[0].id
        return self._model


class _Call:
    """A tool call whose pieces are still coming."""

    def __init__(self) -> None:
        self.name = ""
        self.arguments = ""

    def parsed(self) -> Mapping[str, Any]:
        arguments = json.loads(self.arguments or "{}")
        if not isinstance(arguments, dict):
            raise ValueError(f"arguments of `{self.name}` are no JSON object")
        return arguments


def _collect(calls: dict[int, _Call], pieces: Iterable[ChoiceDeltaToolCall]) -> None:
    for piece in pieces:
        call = calls.setdefault(piece.index, _Call())
        if piece.function is not None:
            call.name += piece.function.name or ""
            call.arguments += piece.function.arguments or ""


def _messages(turn: Turn) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = []
    if turn.instructions:
        messages.append({"role": "system", "content": turn.instructions})
    for item in turn.items:
        _append(messages, item)
    if turn.response_instructions:
        messages.append({"role": "system", "content": turn.response_instructions})
    return messages


def _append(messages: list[ChatCompletionMessageParam], item: Item) -> None:
    match item:
        case Message("user", text):
            messages.append({"role": "user", "content": text or "(the caller is silent)"})
        case Message("assistant", text):
            messages.append({"role": "assistant", "content": text})
        case Message("system", text):
            messages.append({"role": "system", "content": text})
        case FunctionCall():
            call: ChatCompletionMessageFunctionToolCallParam = {
                "id": item.call_id,
                "type": "function",
                "function": {"name": item.name, "arguments": item.arguments},
            }
            messages.append({"role": "assistant", "tool_calls": [call]})
        case FunctionOutput():
            messages.append({"role": "tool", "tool_call_id": item.call_id, "content": item.output})


def _tool(
    name: str, description: str, parameters: Mapping[str, Any]
) -> ChatCompletionFunctionToolParam:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": dict(parameters),
        },
    }


def _choice(choice: str) -> ChatCompletionToolChoiceOptionParam:
    match choice:
        case "auto" | "none" | "required":
            return choice
        case name:
            return {"type": "function", "function": {"name": name}}
