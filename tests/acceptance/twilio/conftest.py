"""A line whose agent does what each test has written down for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.openai.mind import Decision
from dialplan.emulators.openai.scripted import ScriptedMind

NUMBER = "+15550100021"

DESK = """\
dialplan: 1
name: desk
title: Desk
voice: {greeting: Hello there.}
limits: {concurrent_calls: 100}
variables: {human: {type: phone, default: "+15550100911"}}
when_unavailable: {say: Nobody is here now., then: hang_up}
agents:
  clerk: {entry: true, prompt: Be kind., tools: [to_human]}
tools:
  to_human: {description: Put the caller through., builtin: transfer, to: human}
"""


@pytest.fixture
def desk(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """Opens the desk; every session of the model plays the given steps from their start."""

    @asynccontextmanager
    async def opening(
        steps: Sequence[Sequence[Decision]] = (), **options: Any
    ) -> AsyncIterator[Any]:
        mind = ScriptedMind(steps, per_session=True)
        folder = write_verticals(DESK, NUMBER)
        async with open_site(folder, mind, numbers=[NUMBER], **options) as site:
            yield site

    return opening
