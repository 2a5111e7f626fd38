"""The things that the platform does itself: transfer, hang up, text, take a message, answer."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.errors import ToolError
from dialplan.model.tool import Tool
from dialplan.tools.ports import CallActions
from dialplan.tools.state import CallState


async def run_builtin(
    tool: Tool, arguments: Mapping[str, object], call: CallState, actions: CallActions
) -> dict[str, object]:
    """Do it and say what was done. Where it goes is a named variable, never the model's number."""
    match tool.builtin:
        case "transfer":
            await actions.transfer(_destination(tool, call))
            return {"transferred_to": tool.to}
        case "hang_up":
            await actions.hang_up()
            return {"hanging_up": True}
        case "send_sms":
            to = call.caller if tool.to is None else _destination(tool, call)
            await actions.send_sms(to, _message(arguments))
            return {"sent": True}
        case "take_message":
            await actions.take_message(_destination(tool, call), _message(arguments))
            return {"taken": True}
        case "answer":
            return {}
        case None:
            raise ToolError("the tool has no `builtin`")


def _destination(tool: Tool, call: CallState) -> str:
    number = call.variables.get(tool.to or "")
    if not isinstance(number, str) or not number.startswith("+"):
        raise ToolError(f"the variable `{tool.to}` has no phone number for this tenant")
    return number


def _message(arguments: Mapping[str, object]) -> str:
    message = arguments.get("message")
    if not isinstance(message, str) or not message.strip():
        raise ToolError("the parameter `message` is empty")
    return message.strip()
