"""The tool kind `knowledge`, from the model's arguments to what it reads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from tests.integration.knowledge.conftest import ARTICLES, Make

from dialplan.config.load import LoadedVertical
from dialplan.knowledge.library import Library
from dialplan.runtime.service import look_up_in
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction
from dialplan.tools.answers import NOT_KNOWN, ONLY_THESE
from dialplan.tools.http import HttpCaller
from dialplan.tools.runner import ToolRunner
from dialplan.tools.state import CallState


class NoLine:
    """A line that no tool here may touch."""

    async def transfer(self, destination: str) -> None:
        raise AssertionError(destination)

    async def hang_up(self) -> None:
        raise AssertionError

    async def send_sms(self, to: str, body: str) -> None:
        raise AssertionError(to, body)

    async def take_message(self, to: str, body: str) -> None:
        raise AssertionError(to, body)


class Notes:
    """What was noted of each run."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def tool_ran(
        self,
        call_sid: str,
        agent: str,
        tool: str,
        arguments: Mapping[str, object],
        status: str,
        ms: float,
    ) -> None:
        self.statuses.append(status)


@pytest.fixture
async def http() -> AsyncIterator[HttpCaller]:
    caller = HttpCaller()
    yield caller
    await caller.close()


async def ask(
    loaded: LoadedVertical, library: Library | None, database: Database, http: HttpCaller, said: str
) -> dict[str, Any]:
    runner = ToolRunner(
        loaded.vertical,
        transactions=partial(tenant_transaction, database),
        http=http,
        actions=NoLine(),
        ledger=Notes(),
        look_up=None if library is None else look_up_in(library, loaded),
    )
    call = CallState(
        call_sid="CA1",
        tenant="lakeside",
        vertical=loaded.vertical.name,
        caller="+15550107788",
        called="+15550100001",
        now=lambda: datetime(2026, 3, 2, 15, tzinfo=UTC),
        agent="desk",
    )
    answer: dict[str, Any] = json.loads(
        await runner.run("look_up", json.dumps({"question": said}), call)
    )
    return answer


async def test_the_model_reads_passages_with_their_titles_and_what_it_may_make_of_them(
    library: Library, database: Database, http: HttpCaller, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)

    answer = await ask(loaded, library, database, http, "The tunnel says 809.")

    assert answer["status"] == "ok"
    assert answer["message"] == ONLY_THESE
    first = answer["result"][0]
    assert set(first) == {"title", "section", "text", "score"}
    assert (first["title"], first["section"]) == ("VPN", "Error 809")
    assert len(answer["result"]) <= 3


async def test_nothing_found_is_an_answer_that_says_so(
    library: Library, database: Database, http: HttpCaller, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)

    answer = await ask(loaded, library, database, http, "Who won the football match?")

    assert answer == {"status": "not_found", "message": NOT_KNOWN}


async def test_without_articles_to_look_into_the_tool_fails_and_invents_nothing(
    database: Database, http: HttpCaller, make: Make
) -> None:
    answer = await ask(make(ARTICLES), None, database, http, "The tunnel says 809.")

    assert answer["status"] == "failed"
