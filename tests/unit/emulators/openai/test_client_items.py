"""Items that a client describes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from dialplan.emulators.openai.client_items import from_wire
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.items import (
    CallItem,
    HeardPart,
    ImagePart,
    MessageItem,
    OutputItem,
    TextPart,
)


def message(role: str, **part: object) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [part]}


@pytest.mark.parametrize(
    ("raw", "item"),
    [
        (
            message("user", type="input_text", text="hi"),
            MessageItem("item_1", "user", [TextPart("input_text", "hi")]),
        ),
        (
            {**message("system", type="input_text", text="hi"), "id": "own"},
            MessageItem("own", "system", [TextPart("input_text", "hi")]),
        ),
        (
            message("assistant", type="output_text", text="hi"),
            MessageItem("item_1", "assistant", [TextPart("output_text", "hi")]),
        ),
        (
            message("user", type="input_image", image_url="data:,"),
            MessageItem("item_1", "user", [ImagePart("data:,")]),
        ),
        (
            message("user", type="input_audio", audio=base64.b64encode(b"\x01\x02").decode()),
            MessageItem("item_1", "user", [HeardPart(b"\x01\x02")]),
        ),
        (
            {"type": "function_call", "call_id": "c", "name": "book", "arguments": "{}"},
            CallItem("item_1", "c", "book", "{}"),
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            OutputItem("item_1", "c", "1"),
        ),
    ],
)
def test_an_item_is_made_as_described(raw: dict[str, Any], item: object) -> None:
    assert from_wire(raw, "item_1", "audio/pcmu") == item


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({}, "invalid_value"),
        ({"type": "mcp_list_tools"}, "invalid_value"),
        (message("robot"), "invalid_value"),
        ({"type": "message", "role": "user"}, "missing_required_parameter"),
        (message("user", type="input_text"), "missing_required_parameter"),
        (message("user", type="output_text", text="x"), "invalid_value"),
        (message("assistant", type="output_audio", audio=""), "invalid_value"),
        (message("user", type="input_audio", audio="%"), "invalid_value"),
        ({"type": "message", "role": "user", "content": ["x"]}, "invalid_value"),
        ({"type": "function_call", "name": "x"}, "missing_required_parameter"),
        ({"type": "function_call_output", "output": ""}, "missing_required_parameter"),
    ],
)
def test_an_item_that_cannot_be_is_refused(raw: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientEventError) as refused:
        from_wire(raw, "item_1", "audio/pcmu")

    assert refused.value.code == code
