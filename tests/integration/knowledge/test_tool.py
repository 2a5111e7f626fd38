"""The tool kind `knowledge`, from the model's arguments to what it reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.integration.articles import ARTICLES
from tests.integration.callers import Desk, new_call
from tests.integration.knowledge.conftest import Make

from dialplan.config.load import LoadedVertical
from dialplan.knowledge.library import Library
from dialplan.runtime.service import look_up_in
from dialplan.store.database import Database
from dialplan.tools.answers import NOT_KNOWN, ONLY_THESE
from dialplan.tools.http import HttpCaller


@pytest.fixture
async def http() -> AsyncIterator[HttpCaller]:
    caller = HttpCaller()
    yield caller
    await caller.close()


async def ask(
    loaded: LoadedVertical, library: Library | None, database: Database, http: HttpCaller, said: str
) -> dict[str, Any]:
    call = new_call(loaded.vertical.name)
    look_up = None if library is None else look_up_in(library, loaded)
    desk = Desk(loaded.vertical, database, http, call, look_up)
    answer: dict[str, Any] = await desk.run("look_up", question=said)
    assert desk.line.done == []
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
