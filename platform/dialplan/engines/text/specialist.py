"""A specialist: an agent of the Agents SDK over a text model, with its own prompt and tools.

It is asked once and answers once; what the caller hears of it, the calling agent says.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from agents import Agent, FunctionTool, ModelSettings, RunConfig, Runner
from agents.exceptions import AgentsException, MaxTurnsExceeded
from agents.models.openai_responses import OpenAIResponsesModel
from agents.tool_context import ToolContext
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError

from dialplan.errors import ToolError
from dialplan.tools.ports import Asked, OwnTool, RunOwn
from dialplan.tools.trust import trusted

_log = logging.getLogger(__name__)

MOST_TOKENS = 1_000
"""The longest answer, in tokens: it is spoken."""
TRIES = 2
"""How often a request is sent again that the provider did not take."""


class Specialists:
    """Asks text models; one pooled client for all calls of this process."""

    def __init__(self, *, api_key: str, base_url: str | None = None) -> None:
        """Args: the key of the provider, and its address when it is not OpenAI's."""
        self._client = AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=TRIES,
            http_client=DefaultAsyncHttpxClient(verify=trusted()),
        )

    async def ask(self, asked: Asked, run_own: RunOwn) -> str:
        """Return the answer; the caller sets the limit of time.

        Raises:
            ToolError: the model cannot be reached, or comes to no answer.
        """
        agent: Agent[None] = Agent(
            name=asked.name,
            instructions=asked.instructions,
            model=OpenAIResponsesModel(asked.model, self._client),
            model_settings=ModelSettings(max_tokens=MOST_TOKENS, store=False),
            tools=[*_tools(asked.tools, run_own)],
        )
        config = RunConfig(tracing_disabled=True)
        try:
            result = await Runner.run(
                agent, asked.question, max_turns=asked.max_turns, run_config=config
            )
        except MaxTurnsExceeded as error:
            raise ToolError(
                f"the specialist `{asked.name}` has no answer after {asked.max_turns} turns"
            ) from error
        except (AgentsException, OpenAIError) as error:
            # A message may hold the key or the caller's words.
            raise ToolError(
                f"the specialist `{asked.name}` failed: {type(error).__name__}"
            ) from error
        return str(result.final_output).strip()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.close()


def _tools(tools: Sequence[OwnTool], run_own: RunOwn) -> list[FunctionTool]:
    return [_tool(one, run_own) for one in tools]


def _tool(tool: OwnTool, run_own: RunOwn) -> FunctionTool:
    async def invoke(_context: ToolContext[None], arguments: str) -> str:
        return await run_own(tool.name, arguments)

    return FunctionTool(
        name=tool.name,
        description=tool.description,
        params_json_schema=json.loads(json.dumps(tool.schema)),
        on_invoke_tool=invoke,
        strict_json_schema=False,
    )
