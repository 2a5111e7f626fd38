"""Editions in a real Postgres: what is embedded again, what leaves, and who may read."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.integration.articles import ARTICLES
from tests.integration.knowledge.conftest import Make, OwnProviders

from dialplan.errors import StoreError, ToolError
from dialplan.knowledge.collections import edition_of
from dialplan.knowledge.index import KEPT, index, is_indexed
from dialplan.knowledge.library import Library
from dialplan.knowledge.providers import LocalEmbeddings
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction


async def count(database: Database, table: str, vertical: str) -> int:
    query = f"SELECT count(*) FROM dialplan.{table} WHERE vertical = :vertical"  # noqa: S608
    async with database.engine.connect() as connection:
        return int((await connection.execute(text(query), {"vertical": vertical})).scalar_one())


async def test_a_change_of_one_article_embeds_only_its_passages(
    library: Library, providers: OwnProviders, make: Make
) -> None:
    [first] = await library.prepare(make(ARTICLES))
    providers.embeds.embedded.clear()

    changed = {**ARTICLES, "vpn.md": ARTICLES["vpn.md"].replace("not answer", "never answer")}
    [second] = await library.prepare(make(changed))

    assert (first.passages, first.embedded) == (5, 5)
    assert (second.passages, second.embedded) == (5, 1)
    assert providers.embeds.embedded == ["VPN\nError 809\nThe gateway does never answer."]


ASKED = "---\nasked:\n  - It stays black.\n  - {second}\n---\n"


async def test_a_way_of_asking_that_is_new_is_embedded_alone(
    library: Library, providers: OwnProviders, make: Make
) -> None:
    await library.prepare(make(ARTICLES))
    providers.embeds.embedded.clear()

    asked = {**ARTICLES, "vpn.md": ASKED.format(second="I am at home.") + ARTICLES["vpn.md"]}
    [first] = await library.prepare(make(asked))
    asked["vpn.md"] = ASKED.format(second="I am away.") + ARTICLES["vpn.md"]
    [second] = await library.prepare(make(asked))

    assert (first.passages, first.asked, first.embedded) == (5, 2, 2)
    assert (second.passages, second.asked, second.embedded) == (5, 2, 1)
    assert providers.embeds.embedded == ["It stays black.", "I am at home.", "I am away."]


async def test_an_edition_that_is_there_is_not_embedded_again(
    library: Library, providers: OwnProviders, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)
    providers.embeds.embedded.clear()

    other_process = Library(database, providers, partial(tenant_transaction, database))
    [again] = await other_process.prepare(loaded)

    assert (again.embedded, providers.embeds.embedded) == (0, [])


async def test_two_processes_that_index_at_once_embed_a_passage_once(
    library: Library, providers: OwnProviders, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    other_process = Library(database, providers, partial(tenant_transaction, database))

    await asyncio.gather(library.prepare(loaded), other_process.prepare(loaded))

    assert len(providers.embeds.embedded) == 5


async def test_an_article_that_is_gone_is_not_found_and_leaves_with_the_editions_that_held_it(
    library: Library, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)
    name = loaded.vertical.name

    for number in range(KEPT):
        rest = {"mail.md": f"# Mail\n\nMessages are kept for {number} days."}
        newest = make(rest)
        await library.prepare(newest)

    found = await library.candidates(newest, "someone", "articles", "the tunnel says 809")
    assert {one.source for one in found} == {"knowledge/mail.md"}
    assert await count(database, "knowledge_editions", name) == KEPT
    assert await count(database, "knowledge_passages", name) == KEPT


async def test_a_call_that_began_earlier_sees_the_articles_of_its_own_version(
    library: Library, make: Make
) -> None:
    before = make(ARTICLES)
    await library.prepare(before)
    after = make({**ARTICLES, "mail.md": "# Mail\n\nMessages are kept for seven years."})
    await library.prepare(after)

    async def kept_for(loaded: object) -> str:
        assert loaded in (before, after)
        [best, *_] = await library.look_up(
            before if loaded is before else after,
            "someone",
            "articles",
            "How long are messages kept?",
            top=1,
            at_least=0.3,
        )
        return best.text

    assert await kept_for(before) == "Messages are kept for ninety days."
    assert await kept_for(after) == "Messages are kept for seven years."


async def test_a_tenant_reads_what_is_shared_and_its_own_but_nobody_elses(
    library: Library, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)
    vertical = loaded.vertical.name
    copied = text(
        "INSERT INTO dialplan.knowledge_passages (vertical, tenant, key, source, title, section,"
        " body, embedding, search) SELECT vertical, 'lakeside', key, source, title, section,"
        " 'lakeside only', embedding, search FROM dialplan.knowledge_passages"
        " WHERE vertical = :vertical AND source = 'knowledge/mail.md'"
    )
    async with database.engine.begin() as connection:
        await connection.execute(copied, {"vertical": vertical})

    async def seen(vertical: str, tenant: str) -> list[str]:
        async with tenant_transaction(database, vertical, tenant) as connection:
            query = text("SELECT body FROM dialplan.knowledge_passages ORDER BY body")
            return list((await connection.execute(query)).scalars())

    assert len(await seen(vertical, "lakeside")) == 6
    assert len(await seen(vertical, "northside")) == 5
    assert "lakeside only" not in await seen(vertical, "northside")
    assert await seen("another_vertical", "lakeside") == []


async def test_a_tool_of_a_tenant_cannot_write_articles(
    library: Library, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with tenant_transaction(database, loaded.vertical.name, "lakeside") as connection:
            await connection.execute(text("DELETE FROM dialplan.knowledge_passages"))


async def test_an_edition_that_was_swept_is_said_to_be_gone(
    library: Library, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)
    async with database.engine.begin() as connection:
        await connection.execute(
            text("DELETE FROM dialplan.knowledge_editions WHERE vertical = :vertical"),
            {"vertical": loaded.vertical.name},
        )

    with pytest.raises(ToolError, match="is gone: index it anew"):
        await library.candidates(loaded, "someone", "articles", "the tunnel")


async def test_a_failed_embedding_leaves_no_half_of_an_edition(
    database: Database, providers: OwnProviders, make: Make
) -> None:
    loaded = make(ARTICLES)
    edition = edition_of(loaded.vertical, "articles", loaded.files, "local:broken")

    class Broken(LocalEmbeddings):
        async def passages(self, texts: Sequence[str]) -> list[Sequence[float]]:
            raise ToolError("embeddings failed")

    with pytest.raises(ToolError):
        await index(database, edition, Broken())

    assert not await is_indexed(database, edition)
    assert await count(database, "knowledge_passages", loaded.vertical.name) == 0


async def test_a_database_that_is_gone_is_a_store_error(
    providers: OwnProviders, make: Make
) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:9/none", connect_timeout=0.5)
    library = Library(nowhere, providers, partial(tenant_transaction, nowhere))

    with pytest.raises(StoreError, match="cannot be indexed"):
        await library.prepare(make(ARTICLES))
    await nowhere.close()


async def test_a_version_that_serves_no_more_is_let_go_and_read_again_for_a_call_that_holds_it(
    library: Library, providers: OwnProviders, make: Make
) -> None:
    held, newest = make(ARTICLES), make({"mail.md": "# Mail\n\nMessages are kept for a year."})
    alive = weakref.ref(held.vertical)
    asked = partial(library.look_up, tenant="someone", collection="articles", top=1, at_least=0.1)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        work = tasks.create_task(library.work())
        library.serve([held])
        [before] = await asked(held, question="The tunnel says 809.")
        providers.embeds.embedded.clear()
        library.serve([newest])
        [during] = await asked(held, question="The tunnel says 809.")
        [other] = await asked(newest, question="How long is mail kept?")
        library.serve([newest])
        del held
        gone = alive() is None
        work.cancel()

    assert during == before
    assert other.title == "Mail"
    assert len(providers.embeds.embedded) == 1, "what was embedded once is in the database"
    assert gone
