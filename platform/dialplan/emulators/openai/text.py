"""The Responses API as far as agents over text models use it: `POST /v1/responses`, not streamed.

The mind that thinks for calls thinks here too: it knows instructions, tools and what was said.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.emulators.openai.answer_form import UnfitAnswer, fitted, read_form
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.mind import (
    AnswerForm,
    CallTool,
    Decision,
    FunctionCall,
    FunctionOutput,
    Item,
    Message,
    Mind,
    Say,
    ToolDefinition,
    Turn,
)

PATH = "/v1/responses"
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def text_app(mind: Mind, known_as: Callable[[], str | None] = lambda: None) -> Starlette:
    """Return an application that answers as the Responses API does, any key taken.

    `known_as` says who answers, once that is known; else it is whoever was asked.
    """

    async def respond(request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _refused(401, "invalid_api_key", "You did not provide an API key.")
        try:
            given = json.loads(await request.body())
            turn = _turn(given)
        except ClientEventError as error:
            return _refused(400, error.code, error.message, error.param)
        except (ValueError, KeyError, TypeError, AttributeError):
            return _refused(400, "invalid_request_error", "The request cannot be read.")
        if given.get("stream"):
            return _refused(400, "unsupported", "Streaming is not emulated.")
        try:
            decisions = [decision async for decision in mind.respond(turn)]
            if turn.form is not None:
                decisions = [_answer(turn.form, decisions)]
        except (LookupError, UnfitAnswer) as error:
            return _refused(500, "server_error", str(error))
        return JSONResponse(_response(given, decisions, known_as() or given.get("model", "")))

    return Starlette(routes=[Route(PATH, respond, methods=["POST"])])


def _turn(given: Mapping[str, Any]) -> Turn:
    choice = given.get("tool_choice") or "auto"
    tools = [
        ToolDefinition(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
        for tool in given.get("tools") or ()
        if tool["type"] == "function"
    ]
    written = given["input"]
    items = [{"role": "user", "content": written}] if isinstance(written, str) else written
    return Turn(
        session_id=f"text_{secrets.token_hex(8)}",
        instructions=given.get("instructions") or "",
        response_instructions=None,
        tools=[] if choice == "none" else tools,
        tool_choice=choice if isinstance(choice, str) else str(choice.get("name", "auto")),
        items=list(_items(items)),
        form=read_form(given),
    )


def _answer(form: AnswerForm, decisions: Sequence[Decision]) -> Decision:
    said = "".join(one.text for one in decisions if isinstance(one, Say))
    return Say(fitted(form, said))


def _items(written: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
    for one in written:
        match one.get("type", "message"):
            case "message":
                yield Message(_ROLES[one["role"]], _words(one["content"]))  # type: ignore[arg-type]
            case "function_call":
                yield FunctionCall(one["call_id"], one["name"], one["arguments"])
            case "function_call_output":
                output = one["output"]
                words = output if isinstance(output, str) else _words(output)
                yield FunctionOutput(one["call_id"], words)
            case _:
                continue


def _words(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if "text" in part)


def _response(
    given: Mapping[str, Any], decisions: Sequence[Decision], model: str
) -> dict[str, Any]:
    said = " ".join(one.text for one in decisions if isinstance(one, Say))
    output: list[dict[str, Any]] = []
    if said:
        part = {"type": "output_text", "text": said, "annotations": []}
        output.append(_item("msg", "message", role="assistant", content=[part]))
    for one in decisions:
        if isinstance(one, CallTool):
            arguments = json.dumps(one.arguments)
            call_id = f"call_{secrets.token_hex(8)}"
            output.append(
                _item("fc", "function_call", name=one.name, arguments=arguments, call_id=call_id)
            )
    read, written = len(json.dumps(given)) // 4, len(json.dumps(output)) // 4
    return {
        "id": f"resp_{secrets.token_hex(12)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": model,
        "output": output,
        "instructions": given.get("instructions"),
        "parallel_tool_calls": True,
        "tool_choice": given.get("tool_choice") or "auto",
        "tools": given.get("tools") or [],
        "text": given.get("text") or {"format": {"type": "text"}},
        "error": None,
        "incomplete_details": None,
        "metadata": {},
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def _item(prefix: str, kind: str, **fields: object) -> dict[str, Any]:
    made = {"id": f"{prefix}_{secrets.token_hex(12)}", "type": kind, "status": "completed"}
    return {**made, **fields}


def _refused(status: int, code: str, message: str, param: str | None = None) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "code": code, "param": param}
    return JSONResponse({"error": error}, status)
