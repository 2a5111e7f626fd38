"""The things that the platform does itself: transfer, hang up, text, take a message, answer."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.errors import ToolError
from dialplan.model.tool import Destination, Tool
from dialplan.prompts.render import render
from dialplan.tools.ports import CallActions
from dialplan.tools.state import CallState


async def run_builtin(
    tool: Tool,
    arguments: Mapping[str, object],
    call: CallState,
    actions: CallActions,
    names: Mapping[str, object],
) -> dict[str, object]:
    """Do it and say what was done. Where it goes is a named variable, never the model's number.

    Args:
        tool: one with a `builtin`.
        arguments: what the model gave, checked.
        call: whose line.
        actions: what can be done on that line.
        names: what the template of `message` may use.
    """
    to = _variable(tool, arguments)
    match tool.builtin:
        case "transfer":
            await actions.transfer(_number(to, call))
            return {"transferred_to": to}
        case "hang_up":
            await actions.hang_up()
            return {"hanging_up": True}
        case "send_sms":
            number = call.caller if to is None else _number(to, call)
            await actions.send_sms(number, _message(tool, arguments, names))
            return {"sent": True}
        case "take_message":
            await actions.take_message(_number(to, call), _message(tool, arguments, names))
            return {"taken": True}
        case "answer":
            return {}
        case None:
            raise ToolError("the tool has no `builtin`")


def _variable(tool: Tool, arguments: Mapping[str, object]) -> str | None:
    if isinstance(tool.to, Destination):
        return tool.to.chosen(arguments.get(tool.to.by))
    return tool.to


def _number(variable: str | None, call: CallState) -> str:
    number = call.variables.get(variable or "")
    if not isinstance(number, str) or not number.startswith("+"):
        raise ToolError(f"the variable `{variable}` has no phone number for this tenant")
    return number


def _message(tool: Tool, arguments: Mapping[str, object], names: Mapping[str, object]) -> str:
    message = arguments.get("message") if tool.message is None else render(tool.message, names)
    if not isinstance(message, str) or not message.strip():
        raise ToolError("`message` is empty")
    return message.strip()
