"""A real call as the API, the live feed, the metrics and the logs tell it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dialplan.cli.logs import JsonLines
from dialplan.runtime.clock import Clock
from dialplan.store.facts import CallBegan, TurnSpoken
from dialplan.web import api
from dialplan.web.looking import Looking

# conftest types cannot be imported in importlib mode.
Open = Callable[[], AbstractAsyncContextManager[Any]]
SPOKEN = ("Are you open?", "Thank you.")


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, **query: str
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Opens the feed; yields its events."""
    async with client.stream("GET", "/api/events", params=query) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def events() -> AsyncIterator[tuple[str, Any]]:
            name = ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

        yield events()


async def test_a_call_is_told_as_it_happens_and_reads_back_the_same(rehearse: Open) -> None:
    async with rehearse() as rehearsal, listening(rehearsal.client) as events:
        assert await anext(events) == ("listening", {})
        ringing = asyncio.create_task(rehearsal.ring(*SPOKEN))
        told = []
        async with asyncio.timeout(60):
            async for one in events:
                told.append(one)
                if one[0] == "tool":
                    running = (await rehearsal.client.get("/api/running")).json()["calls"]
                if one[0] == "ended":
                    break
        sid = await ringing
        read = (await rehearsal.client.get(f"/api/calls/{sid}")).json()

    names = [name for name, _ in told]
    assert names[0] == "began"
    assert names.index("tool_began") < names.index("tool")
    assert {data["call_sid"] for _, data in told} == {sid}
    assert [one["call_sid"] for one in running] == [sid]
    assert [data["who"] for name, data in told if name == "speaking"][:3] == [
        "agent",
        None,
        "caller",
    ]
    for name, kept in (
        ("turn", "turns"),
        ("tool", "tool_calls"),
        ("handoff", "handoffs"),
        ("timing", "timings"),
    ):
        assert [{"call_sid": sid, **one} for one in read[kept]] == [
            data for told_name, data in told if told_name == name
        ], name
    assert [one["text"] for one in read["turns"] if one["speaker"] == "caller"] == list(SPOKEN)
    assert not read["running"]
    assert read["reason"] == "caller"


async def test_the_page_of_a_call_says_how_long_each_answer_took_and_why(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        sid = await rehearsal.ring(*SPOKEN)
        read = (await rehearsal.client.get(f"/api/calls/{sid}")).json()["timings"]
        page = (await rehearsal.client.get(f"/console/calls/{sid}")).text

    greeting, *answers = read
    assert [one["number"] for one in read] == [0, 1, 2]
    assert f"first word {greeting['answer_ms']} ms after the call came in" in page
    for one in answers:
        assert one["waited_ms"] == one["pause_ms"] + one["answer_ms"]
        assert one["model_ms"] <= one["answer_ms"]
        assert f"answered {one['waited_ms']} ms after the caller&#39;s last word" in page
    (tool,) = [tool for one in answers for tool in one["tools"]]
    assert tool["status"] == "ok"
    assert 0 < tool["ms"] <= answers[0]["tool_ms"] + 0.1
    assert f"tools {answers[0]['tool_wait_ms']:.0f} ms" in page


async def test_a_client_that_does_not_read_is_let_go_and_nobody_waits_for_it(
    rehearse: Open,
) -> None:
    now = Clock().now()
    async with rehearse() as rehearsal, listening(rehearsal.client) as events:
        assert await anext(events) == ("listening", {})
        live = rehearsal.house.service.live
        live.note(
            CallBegan("CAX", 1, now, tenant="t", vertical="v", version="", caller="x", called="y")
        )
        began = time.thread_time()
        # More than all buffers between us hold, in one go, so that the feed cannot keep up.
        for seq in range(2, 3_000):
            live.note(TurnSpoken("CAX", seq, now, "caller", "", "x" * 1_000))
        # Processor time: nothing here lets another task run that could be waited for.
        took = time.thread_time() - began

        async with asyncio.timeout(60):
            told = [one async for one in events]

    assert took < 1
    assert told[-1][0] == "lost"
    assert "fetch again" in told[-1][1]["reason"]


async def test_who_watches_does_not_hold_up_the_servers_stop(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        opened = listening(rehearsal.client)
        events = await opened.__aenter__()
        assert await anext(events) == ("listening", {})
        rehearsal.house.service.live.close()

        assert (await anext(events))[0] == "lost"
        assert await anext(events, None) is None
        await opened.__aexit__(None, None, None)


async def test_a_feed_of_one_call_is_silent_about_others(rehearse: Open) -> None:
    async with rehearse() as rehearsal, listening(rehearsal.client, call_sid="CAother") as events:
        assert await anext(events) == ("listening", {})
        await rehearsal.ring("Hello.")
        rehearsal.house.service.live.close()

        assert [name async for name, _ in events] == ["lost"]


async def test_past_calls_come_page_by_page(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        mine = [await rehearsal.ring("Hello.", from_="+15550104711") for _ in range(3)]
        seen, before = [], None
        for _ in range(2):
            query = {"number": "+15550104711", "limit": "2"} | (
                {"before": before} if before else {}
            )
            page = (await rehearsal.client.get("/api/calls", params=query)).json()
            seen += [one["call_sid"] for one in page["calls"]]
            before = page["next"]

    assert seen == mine[::-1]
    assert before is None


async def test_the_metrics_of_a_call_are_there_and_hold_nothing_of_the_caller(
    rehearse: Open,
) -> None:
    async with rehearse() as rehearsal:
        sid = await rehearsal.ring(*SPOKEN)
        # No key: this is for the operator's scraper.
        answer = await rehearsal.client.get("/metrics", headers={"Authorization": ""})
        text = answer.text

    def sample(name: str) -> float:
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if re.match(rf"dialplan_{name}(\{{|\s)", line)
        )

    assert sample("calls_began_total") == sample("calls_ended_total") == 1
    assert sample("calls_running") == 0
    assert sample("answer_seconds_count") == 2
    assert 0 < sample("answer_seconds_sum") < 10
    assert sample("model_seconds_count") == 2
    assert sample("first_word_seconds_count") == 1
    assert sample("bridge_seconds_count") == 3
    # A fact for each turn: no part of an answer is longer than the whole.
    assert sample("model_seconds_sum") <= sample("answer_seconds_sum")
    assert sample("tool_runs_total") == sample("tool_seconds_count") == 1
    assert sample("tokens_total") > 0
    assert sample("event_loop_lag_seconds_count") > 0
    assert sample("facts_dropped") == 0
    assert sid not in text
    assert "5550107788" not in text


async def test_the_records_of_a_call_hold_neither_words_nor_whole_numbers(
    rehearse: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with rehearse() as rehearsal:
        sid = await rehearsal.ring(*SPOKEN)
        await rehearsal.client.get("/console/?key=wrong", headers={"Authorization": ""})

    records = [one for one in caplog.records if one.name.startswith("dialplan")]
    fields = [one.__dict__ for one in records]
    ended = [one for one in fields if one["msg"] == "call ended"]
    assert [(one["call_sid"], one["reason"]) for one in ended] == [(sid, "caller")]
    kept = repr([{k: v for k, v in one.items() if not k.endswith("_pii")} for one in fields])
    printed = "\n".join(JsonLines(pii=False).format(one) for one in records)
    for text in (kept, printed):
        assert not any(words in text for words in (*SPOKEN, "open until six"))
        assert "15550107788" not in text
        assert "a key of an operator" not in text
    assert "wrong console key" in [json.loads(one)["message"] for one in printed.splitlines()]


async def test_every_route_of_the_api_is_in_the_reference_and_no_other(rehearse: Open) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
    async with rehearse() as rehearsal:
        there = [one.path for one in api.api_routes(Looking(rehearsal.house.service, Clock()))]

    written = re.findall(r"^### GET /api(\S+)$", page.read_text(), re.M)
    assert sorted([*written, "/{rest:path}"]) == sorted(there)
