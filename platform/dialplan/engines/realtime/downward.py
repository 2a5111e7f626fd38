"""What the Agents SDK's session hands down, in the words of the protocol. Pure."""

from __future__ import annotations

from agents import FunctionTool, Handoff
from agents.realtime import RealtimeModelUserInput, RealtimeSessionModelSettings

from dialplan.protocols.realtime.client import ToolSchema


def tool_schemas(settings: RealtimeSessionModelSettings) -> tuple[ToolSchema, ...]:
    """Return what an agent may call: its tools, then its handoffs, which are tools to the model."""
    tools = [
        ToolSchema(tool.name, tool.description, tool.params_json_schema)
        for tool in settings.get("tools", [])
        if isinstance(tool, FunctionTool)
    ]
    handoffs = [
        ToolSchema(handoff.tool_name, handoff.tool_description, schema)
        for handoff in settings.get("handoffs", [])
        if isinstance(handoff, Handoff) and (schema := handoff.input_json_schema) is not None
    ]
    return (*tools, *handoffs)


def text_of(user_input: RealtimeModelUserInput) -> str:
    """Return the text of a message, its parts joined by line ends."""
    if isinstance(user_input, str):
        return user_input
    return "\n".join(part["text"] for part in user_input["content"] if part["type"] == "input_text")
