"""A specialist through the real client of the provider, against the emulated Responses API."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from dialplan.emulators.openai.mind import CallTool, Decision, FunctionOutput, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.text import text_app
from dialplan.engines.text.specialist import Specialists
from dialplan.errors import ToolError
from dialplan.tools.ports import Asked, OwnTool
from dialplan.web.serving import serving

FIND = OwnTool("find_terms", "Find terms.", {"type": "object", "properties": {}})


def asked(max_turns: int = 4) -> Asked:
    return Asked(
        name="ask_warranty",
        model="gpt-5-mini",
        instructions="You know about warranty.",
        question="Is a tyre under warranty?",
        tools=(FIND,),
        max_turns=max_turns,
    )


@asynccontextmanager
async def desk(
    *steps: Sequence[Decision], key: str = "k1"
) -> AsyncIterator[tuple[Specialists, ScriptedMind]]:
    mind = ScriptedMind(steps)
    async with serving(text_app(mind)) as url:
        experts = Specialists(api_key=key, base_url=f"{url}/v1")
        yield experts, mind
        await experts.close()


async def test_a_specialist_uses_its_tools_and_answers() -> None:
    ran: list[tuple[str, str]] = []

    async def run_own(name: str, arguments: str) -> str:
        ran.append((name, arguments))
        return '{"status": "ok", "result": {"years": 2}}'

    async with desk([CallTool("find_terms", {})], [Say("Two years.")]) as (experts, mind):
        answer = await experts.ask(asked(), run_own)

    assert answer == "Two years."
    assert ran == [("find_terms", "{}")]
    assert [tool.name for tool in mind.turns[0].tools] == ["find_terms"]
    assert mind.turns[0].instructions == "You know about warranty."
    assert mind.turns[0].items == [Message("user", "Is a tyre under warranty?")]
    (output,) = [one for one in mind.turns[1].items if isinstance(one, FunctionOutput)]
    assert output.output == '{"status": "ok", "result": {"years": 2}}'


async def never(name: str, arguments: str) -> str:
    raise AssertionError(name)


async def again(name: str, arguments: str) -> str:
    return '{"status": "not_found"}'


async def test_a_specialist_that_never_answers_is_stopped() -> None:
    async with desk(*[[CallTool("find_terms", {})]] * 5) as (experts, mind):
        with pytest.raises(ToolError, match="has no answer after 3 turns"):
            await experts.ask(asked(max_turns=3), again)

    assert mind.left() == 2


async def test_a_tool_that_a_specialist_does_not_have_is_not_run() -> None:
    async with desk([CallTool("refund", {"amount": 100})], [Say("Done.")]) as (experts, _):
        with pytest.raises(ToolError, match="the specialist `ask_warranty` failed"):
            await experts.ask(asked(), never)


async def test_a_provider_that_fails_is_an_error_without_key_or_words() -> None:
    async with desk(key="s3cret") as (experts, _):  # the script is over: status 500
        with pytest.raises(ToolError) as caught:
            await experts.ask(asked(), never)

    assert str(caught.value) == "the specialist `ask_warranty` failed: InternalServerError"


async def test_a_slow_specialist_costs_the_limit_and_no_more() -> None:
    async def slow(name: str, arguments: str) -> str:
        await asyncio.sleep(30)
        return ""

    async with desk([CallTool("find_terms", {})]) as (experts, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await experts.ask(asked(), slow)
