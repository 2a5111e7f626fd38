"""What packages of your own import to give tools to agents: stable, unlike all else here.

from dialplan.plugin import Call, Refused, tool

@tool
async def check_stock(part: str, call: Call) -> dict[str, object]:
    ...
"""

from dialplan.plugin.tools import Call, Refused, is_tool, tool

__all__ = ["Call", "Refused", "is_tool", "tool"]
