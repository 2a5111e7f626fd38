"""Looking up: with pgvector and without it, and while the articles are still being indexed."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.integration.articles import ARTICLES
from tests.integration.knowledge.conftest import Make, OwnProviders

from dialplan.knowledge.library import Library
from dialplan.knowledge.ranking import Candidate
from dialplan.knowledge.search import candidates, vector_schema
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction

LINED = {
    **ARTICLES,
    "mail.md": "---\nasked:\n  - Why did my letters vanish?\n"
    "  - Something in my attic squeaks.\n---\n" + ARTICLES["mail.md"],
}
QUESTIONS = [
    "The gateway says 809.",
    "A sheet is stuck.",
    "it's a 'quoted' \\ question | & ! ( ) : *",
    "",
    "Zero \0 byte",
    "the the the",
]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_plain_sql_gives_what_pgvector_gives(
    library: Library, database: Database, providers: OwnProviders, make: Make, question: str
) -> None:
    loaded = make(LINED)
    [made] = await library.prepare(loaded)
    vector = await providers.embeds.question(question)

    async def found(*, plain: bool) -> list[Candidate]:
        async with tenant_transaction(database, loaded.vertical.name, "someone") as connection:
            schema = await vector_schema(connection)
            assert schema is not None, "the embedded Postgres brings pgvector"
            return await candidates(
                connection,
                vertical=loaded.vertical.name,
                collection="articles",
                edition=made.edition,
                configuration="english",
                question=question,
                vector=vector,
                with_vector=None if plain else schema,
            )

    with_extension, without = await found(plain=False), await found(plain=True)

    assert [one.position for one in with_extension] == [one.position for one in without]
    for one, two in zip(with_extension, without, strict=True):
        assert one.similarity == pytest.approx(two.similarity, abs=1e-5)
        assert one.article == pytest.approx(two.article, abs=1e-5)
        assert one.asked == pytest.approx(two.asked, abs=1e-5)
        assert (one.words, one.codes, one.line) == (two.words, two.codes, two.line)


async def test_a_code_is_found_and_counted(library: Library, make: Make) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)

    found = await library.candidates(loaded, "someone", "articles", "what is 809")

    assert {one.section for one in found if one.codes == 1.0} == {"Error 809"}


async def test_a_question_waits_for_the_index_and_not_for_ever(
    library: Library, make: Make
) -> None:
    loaded = make(ARTICLES)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await library.look_up(loaded, "one", "articles", "809", top=3, at_least=0.3)

    working = asyncio.create_task(library.work())
    async with asyncio.timeout(60):
        found = await library.look_up(loaded, "one", "articles", "809", top=3, at_least=0.3)
    working.cancel()

    assert found[0].title == "VPN"
    assert found[0].section == "Error 809"


async def test_nothing_near_enough_gives_nothing(library: Library, make: Make) -> None:
    loaded = make(ARTICLES)
    await library.prepare(loaded)

    found = await library.look_up(
        loaded, "one", "articles", "How do I boil an egg?", top=3, at_least=0.5
    )

    assert found == []


async def test_the_event_loop_is_free_while_articles_are_embedded(
    library: Library, make: Make
) -> None:
    loaded = make(
        {f"{number}.md": f"# Article {number}\n\n" + "Words of it. " * 40 for number in range(8)}
    )
    # What this process computes between two turns of the loop: a machine that others use, or that
    # stands still, adds nothing to that.
    longest, last = 0.0, time.process_time()
    indexing = asyncio.create_task(library.prepare(loaded))

    while not indexing.done():
        await asyncio.sleep(0.005)
        now = time.process_time()
        longest, last = max(longest, now - last), now

    assert (await indexing)[0].embedded > 8
    assert longest < 0.25  # seconds; the embedding of all of them takes longer than that


async def test_a_question_that_meets_what_callers_say_gets_the_article_and_not_the_line(
    library: Library, make: Make
) -> None:
    loaded = make(LINED)
    await library.prepare(loaded)

    found = await library.look_up(
        loaded, "one", "articles", "There is a squeak in the attic", top=3, at_least=0.4
    )

    assert [passage.text for passage in found] == ["Messages are kept for ninety days."]
    assert "attic" not in repr(found)


async def test_the_nearest_line_of_an_article_is_told_and_articles_without_one_have_none(
    library: Library, make: Make
) -> None:
    loaded = make(LINED)
    await library.prepare(loaded)

    found = await library.candidates(loaded, "one", "articles", "What squeaks in the attic?")

    assert {one.line for one in found if one.title == "Mail"} == {"Something in my attic squeaks."}
    assert {(one.asked, one.line) for one in found if one.title != "Mail"} == {(None, "")}
    assert len(found) == 5


async def test_words_of_what_callers_say_are_no_words_of_the_article(
    library: Library, make: Make
) -> None:
    loaded = make(LINED)
    await library.prepare(loaded)

    found = await library.candidates(loaded, "one", "articles", "squeaks attic letters")

    assert {one.words for one in found} == {0.0}
