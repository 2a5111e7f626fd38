"""`dialplan test --live`: the same conversations with a model that is somewhere else.

The Realtime API and the judge's Chat Completions are emulated on loopback, behind the addresses
that the settings give; nothing else of the path differs from a real model's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.cli.main import cli
from dialplan.emulators.conversations.live import open_live
from dialplan.emulators.conversations.run import Manner, Result
from dialplan.emulators.conversations.suite import find, run_all
from dialplan.emulators.openai.mind import CallTool, Decision, FunctionOutput, Message, Say, Turn
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.openai.verbatim import verbatim
from dialplan.emulators.stage import Sound, spoken, written
from dialplan.settings import Settings
from dialplan.web.serving import serving

Shop = Callable[[Mapping[str, str]], Path]

TALK = """\
given: {seed: seed.yaml}
turns:
  - caller: I am calling about my ticket, number seven.
    model: [{say: This is not said live.}]
    expect:
      tool: {find: {number: 7}}
      says: [found, {not: not said}]
      state: {ticket: 7}
      judge: It is polite.
  - caller: Thank you.
    model: [{say: Nor is this.}]
    expect:
      says: found
      judge: [It is polite., "It is rude."]
then:
  - call: {ended_by: caller, errors: 0, judge: It is rude.}
"""


class Clerk:
    """A model that looks a ticket up, and says so."""

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Say fixed words, or look up first and then say what was found."""
        words = verbatim(turn.response_instructions)
        if words is not None:
            yield Say(words)
        elif isinstance(turn.items[-1], Message) and "ticket" in turn.items[-1].text.casefold():
            yield CallTool("find", {"number": 7})
        else:
            found = sum(isinstance(one, FunctionOutput) for one in turn.items)
            yield Say(f"I found {found} ticket.")


class Judge:
    """Chat Completions of a judge to whom everything is polite and nothing rude."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer = ""

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        body = await request.json()
        self.asked.append({"key": request.headers.get("authorization"), **body})
        statement = json.loads(body["messages"][-1]["content"])["statement"]
        verdict = {"reason": "so it is", "holds": "polite" in statement}
        return JSONResponse(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": self.answer or json.dumps(verdict),
                        },
                    }
                ],
            }
        )


@asynccontextmanager
async def _far_away(sound: Sound, judge: Judge, data: Path) -> AsyncIterator[dict[str, str]]:
    app = Starlette(routes=[Route("/v1/chat/completions", judge.complete, methods=["POST"])])
    model = RealtimeServer(mind=Clerk(), ear=sound.ear, voice=sound.agent, detector=sound.detector)
    async with model, serving(app) as address:
        yield {
            "DIALPLAN_DATA": str(data),
            "DIALPLAN_REALTIME_URL": model.url,
            "OPENAI_BASE_URL": f"{address}/v1",
            "OPENAI_API_KEY": "sk-emulated",
        }


def _held(folder: Path, judge: Judge, data: Path) -> Result:
    async def hold() -> Result:
        sound = written(ms_per_word=30)
        async with _far_away(sound, judge, data) as environ:
            settings = Settings.from_environ(environ)
            async with open_live(settings, "some-judge") as live:
                manner = Manner(lambda _cut: sound, 600, skips=True)
                results = await run_all(find([folder]), settings, manner, at_once=1, live=live)
                return results[0]

    return asyncio.run(hold())


def _misses(result: Result) -> list[tuple[int, str, str]]:
    return [(one.line, one.expected, one.got) for one in result.failures]


def test_a_live_model_answers_instead_of_the_script_and_a_judge_reads_the_call(
    shop: Shop, data: Path
) -> None:
    judge = Judge()

    result = _held(shop({"talk": TALK}), judge, data)

    assert _misses(result) == [
        (15, "It is rude.", "judged: so it is"),
        (17, "It is rude.", "judged: so it is"),
    ]
    assert result.unjudged == 0
    assert {(one["key"], one["model"]) for one in judge.asked} == {
        ("Bearer sk-emulated", "some-judge")
    }
    # All are asked at once, and may come in any order.
    given = [json.loads(one["messages"][-1]["content"]) for one in judge.asked]
    (first,) = [one for one in given if one["call_so_far"] == ["desk: Hello."]]
    assert first["part"][0] == "caller: I am calling about my ticket, number seven."
    assert first["part"][-1] == "desk: I found 1 ticket."


def test_a_judge_whose_answer_is_no_verdict_is_a_failure_and_never_a_pass(
    shop: Shop, data: Path
) -> None:
    judge = Judge()
    judge.answer = "Yes, quite."

    result = _held(shop({"talk": TALK}), judge, data)

    assert [one[2] for one in _misses(result)] == ["the judge's answer is no verdict"] * 4


def test_the_command_speaks_to_a_live_model_with_a_voice(shop: Shop, data: Path) -> None:
    folder = shop({"talk": TALK, "scripted": f"live: false\n{TALK}"})

    async def hold() -> tuple[int | None, str, str]:
        async with _far_away(spoken(), Judge(), data) as environ:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dialplan", "test", str(folder)),
                *("--live", "--format", "json"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            try:
                async with asyncio.timeout(180):
                    out, errors = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
            return process.returncode, out.decode(), errors.decode()

    code, out, errors = asyncio.run(hold())

    assert (code, errors) == (1, "left out: 1 that say `live: false`\n")
    rows = json.loads(out)
    assert [failure["expected"] for failure in rows[0]["failures"]] == ["It is rude."] * 2


def test_without_a_key_nothing_is_held(shop: Shop) -> None:
    environ = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "DIALPLAN_REALTIME_URL": ""}

    result = CliRunner().invoke(cli, ["test", str(shop({"talk": TALK})), "--live"], env=environ)

    assert str(result.exception).startswith("nobody to think live: set `OPENAI_API_KEY`")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--most", "1"], "2 conversations would be held with a live model"),
        (["-k", "scripted"], "each of these conversations says `live: false`"),
    ],
)
def test_more_than_was_allowed_is_not_begun(shop: Shop, extra: list[str], message: str) -> None:
    folder = shop({"one": TALK, "two": TALK, "scripted": f"live: false\n{TALK}"})

    result = CliRunner().invoke(cli, ["test", str(folder), "--live", *extra])

    assert str(result.exception).startswith(message)
