"""What a `response.create` asks for, with the session's values where it is silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dialplan.emulators.openai.client_items import from_wire
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.items import Item
from dialplan.emulators.openai.response import Plan
from dialplan.emulators.openai.session import SessionConfig, token_limit, tool_choice


def plan_response(
    raw: Mapping[str, Any],
    config: SessionConfig,
    *,
    conversation_id: str,
    has_spoken: bool,
    find: Callable[[str], Item | None],
    new_id: Callable[[str], str],
) -> Plan:
    """Return the plan for the `response` object of a client event (empty for none).

    Raises:
        ClientEventError: a value is wrong, or an item it refers to is not there.
    """
    asked = (raw.get("audio") or {}).get("output") or {}
    voice = str(asked.get("voice") or config.voice)
    if has_spoken and voice != config.voice:
        raise ClientEventError(
            "cannot_update_voice",
            "Cannot update a conversation's voice if assistant audio is present.",
            "response.audio.output.voice",
        )
    place = raw.get("conversation") or "auto"
    if place not in ("auto", "none"):
        raise ClientEventError(
            "invalid_value",
            "Invalid 'response.conversation': expected auto or none.",
            "response.conversation",
        )
    context = raw.get("input")
    modalities = raw.get("output_modalities")
    tools = raw.get("tools")
    choice = raw.get("tool_choice")
    limit = raw.get("max_output_tokens")
    return Plan(
        instructions=raw.get("instructions"),
        tools=config.tools if tools is None else tuple(tools),
        tool_choice=config.tool_choice if choice is None else tool_choice(choice),
        speaks=config.speaks if modalities is None else "audio" in modalities,
        max_output_tokens=config.max_output_tokens if limit is None else token_limit(limit),
        metadata=raw.get("metadata"),
        voice=voice,
        form=config.output_format,
        conversation_id=None if place == "none" else conversation_id,
        context=None if context is None else _context(context, config, find, new_id),
    )


def _context(
    raw: object,
    config: SessionConfig,
    find: Callable[[str], Item | None],
    new_id: Callable[[str], str],
) -> tuple[Item, ...]:
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise ClientEventError(
            "invalid_type", "Invalid 'response.input': expected items.", "response.input"
        )
    items: list[Item] = []
    for entry in raw:
        if entry.get("type") != "item_reference":
            items.append(from_wire(entry, new_id("item"), config.input_format))
            continue
        found = find(str(entry.get("id")))
        if found is None:
            raise ClientEventError(
                "item_reference_invalid_item_id",
                f"Error: the item with id '{entry.get('id')}' does not exist.",
                "response.input",
            )
        items.append(found)
    return tuple(items)
