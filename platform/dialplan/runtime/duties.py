"""What the agents of one call ask of us: names for their prompts, tools, what a handoff carries.

It knows the state of the call and not who attends it (see `mailbox`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialplan.engines.realtime.agents import Handover
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.observer import CallObserver
from dialplan.tools.runner import ToolRunner
from dialplan.tools.state import CallState


@dataclass(frozen=True, slots=True)
class Duties:
    """One call's."""

    request: CallRequest
    state: CallState
    observer: CallObserver
    tools: ToolRunner

    def names(self) -> Mapping[str, object]:
        """Return what prompts and texts may name."""
        return self.state.names(self.request.line.vertical.vertical.state)

    async def run_tool(self, agent: str, name: str, arguments_json: str) -> str:
        """Run a tool that an agent asks for; return what the model is told."""
        scope = self.request.line.vertical.vertical.agents[agent].tools
        with self.observer.tool(self.state.agent, name):
            return await self.tools.run(name, arguments_json, self.state, scope=scope)

    def handing_over(self, handover: Handover) -> Mapping[str, Any]:
        """Return what the next agent is told of what is known."""
        vertical = self.request.line.vertical.vertical
        carry = vertical.agents[handover.from_agent].handoffs[handover.to_agent].carry
        known = {
            key: value
            for key, value in self.state.state.items()
            if value is not None and (not carry or key in carry)
        }
        return known
