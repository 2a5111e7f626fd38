"""A tool that works for ten seconds disturbs no audio, neither the caller's nor the agent's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.stillness import watched

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store.facts import ToolRan

NUMBER = "+15550100022"
VERTICAL = """\
dialplan: 1
name: slow
title: Slow
voice: {greeting: Hello there.}
agents:
  clerk: {entry: true, prompt: Be kind., tools: [ponder]}
tools:
  ponder:
    description: Think for long.
    sql: SELECT 1 AS done FROM pg_sleep(10.5)
    returns: one
    timeout: 15s
    say: {start: One moment while I look, slow: STILL, after: 3s}
"""
STILL = " ".join(f"still{number}" for number in range(50)) + "."


async def test_a_tool_of_ten_seconds_disturbs_no_audio(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
) -> None:
    mind = ScriptedMind([[CallTool("ponder")], [Say("It is done.")]])
    folder = write_verticals(VERTICAL.replace("STILL", STILL), NUMBER)
    lags: list[float] = []

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    # At the pace of speech, so that a gap on the wire is a gap in what is heard.
    async with (
        open_site(folder, mind, numbers=[NUMBER], speed=1.25) as site,
        site.stream(NUMBER) as stream,
        watched() as stillness,
    ):
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("Think please.")
        await stream.arrives("One moment")
        watcher = asyncio.create_task(watch())
        silence = b"\xff" * 160
        began = time.monotonic()
        for number in range(2000):
            await stream.media(silence)
            if "It is done." in stream.heard():
                break
            await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        watcher.cancel()

        assert [(one.tool, one.status) for one in site.of(ToolRan)] == [("ponder", "ok")]
        assert site.of(ToolRan)[0].ms >= 10_500
        heard = stream.heard()
        assert "One moment while I look" in heard
        assert "still0" in heard
        assert "still49." in heard
        # 200 ms pieces come every 160 ms; the line would fall silent after 200.
        filler = [
            at
            for at, message in stream.received
            if message["event"] == "media" and began + 2.5 < at < began + 7.0
        ]
        gaps = [
            later - earlier - stillness.seconds(earlier, later)
            for earlier, later in pairwise(filler)
        ]
        assert len(gaps) > 10
        assert max(gaps) < 0.3
        assert sorted(lags)[int(len(lags) * 0.99)] < 0.05
