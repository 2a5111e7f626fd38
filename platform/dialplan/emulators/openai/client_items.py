"""Items that a client describes, checked and made into the conversation's own.

Follows `conversation.item.create`: assistant audio cannot be put in, nor can the items that only
the server makes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from dialplan.emulators.openai.audio import AudioFormat, Decoder
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.items import (
    CallItem,
    HeardPart,
    ImagePart,
    Item,
    MessageItem,
    OutputItem,
    Part,
    TextPart,
)


def from_wire(raw: Mapping[str, Any], item_id: str, form: AudioFormat) -> Item:
    """Return the item a client describes; `item_id` is used when it names none.

    Raises:
        ClientEventError: the item is of a kind or content that cannot be created.
    """
    own_id = raw.get("id")
    item_id = own_id if isinstance(own_id, str) and own_id else item_id
    match raw.get("type"):
        case "message":
            return _message(raw, item_id, form)
        case "function_call":
            return CallItem(
                id=item_id,
                call_id=str(raw.get("call_id") or item_id),
                name=_text(raw, "name"),
                arguments=_text(raw, "arguments"),
            )
        case "function_call_output":
            return OutputItem(item_id, _text(raw, "call_id"), _text(raw, "output"))
        case other:
            raise ClientEventError(
                "invalid_value",
                f"Invalid 'item.type': '{other}' items cannot be created here.",
                "item.type",
            )


def _message(raw: Mapping[str, Any], item_id: str, form: AudioFormat) -> MessageItem:
    role = raw.get("role")
    if role not in ("user", "assistant", "system"):
        raise ClientEventError(
            "invalid_value", "Invalid 'item.role': expected user, assistant or system.", "item.role"
        )
    content = raw.get("content")
    if not isinstance(content, list):
        raise ClientEventError(
            "missing_required_parameter",
            "Missing required parameter: 'item.content'.",
            "item.content",
        )
    return MessageItem(item_id, role, [_part(part, role, form) for part in content])


def _part(raw: object, role: str, form: AudioFormat) -> Part:
    part: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    match (role, part.get("type")):
        case ("user" | "system", "input_text"):
            return TextPart("input_text", _text(part, "text"))
        case ("assistant", "output_text"):
            return TextPart("output_text", _text(part, "text"))
        case ("user", "input_image"):
            return ImagePart(_text(part, "image_url"))
        case ("user", "input_audio"):
            return HeardPart(Decoder(form).decode(decode_base64(_text(part, "audio"))))
        case (_, kind):
            raise ClientEventError(
                "invalid_value",
                f"Invalid 'item.content': '{kind}' cannot be put into a {role} message.",
                "item.content",
            )


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64 `text`.

    Raises:
        ClientEventError: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ClientEventError(
            "invalid_value", "Invalid 'audio': expected base64-encoded audio bytes.", "audio"
        ) from error


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise ClientEventError(
            "missing_required_parameter", f"Missing required parameter: 'item.{name}'.", name
        )
    return value
