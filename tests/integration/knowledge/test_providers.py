"""Embeddings of OpenAI's endpoint, over loopback, and what is said when they do not come."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from functools import partial

import pytest
from tests.integration.articles import ARTICLES
from tests.integration.knowledge.conftest import Make

from dialplan.config.load import load_vertical
from dialplan.emulators.openai.embeddings import embeddings_app
from dialplan.errors import ConfigError, ToolError
from dialplan.knowledge.library import Library
from dialplan.knowledge.minilm import Embedder
from dialplan.knowledge.providers import Providers
from dialplan.model.knowledge import Embeddings
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction
from dialplan.web.serving import serving

OPENAI = Embeddings(provider="openai", dimensions=256)


@pytest.fixture
async def providers(embedder: Embedder) -> AsyncIterator[Providers]:
    async with serving(embeddings_app(embedder)) as url:
        made = Providers(openai_key="test-key", openai_url=f"{url}/v1")
        yield made
        await made.close()


async def test_vectors_have_unit_length_and_the_asked_dimensions(providers: Providers) -> None:
    embeds = providers.of(OPENAI)

    [vpn, egg] = await embeds.passages(["The tunnel does not connect", "How to boil an egg"])
    question = await embeds.question("My VPN is broken")

    assert len(vpn) == len(egg) == len(question) == 256
    assert math.fsum(value * value for value in question) == pytest.approx(1)
    near, far = (math.fsum(a * b for a, b in zip(question, row, strict=True)) for row in (vpn, egg))
    assert near > far + 0.2


async def test_articles_are_found_by_them(
    providers: Providers, database: Database, make: Make
) -> None:
    loaded = make(ARTICLES)
    (loaded.folder / "vertical.yaml").write_text(
        (loaded.folder / "vertical.yaml").read_text() + "embeddings: openai\n"
    )
    asking = load_vertical(loaded.folder)
    library = Library(database, providers, partial(tenant_transaction, database))

    [made] = await library.prepare(asking)
    [best, *_] = await library.look_up(
        asking, "one", "articles", "A sheet is stuck", top=1, at_least=0.2
    )

    assert made.embedded == 5
    assert best.title == "Printing"


async def test_a_model_that_is_not_there_is_a_tool_error_without_the_question(
    providers: Providers,
) -> None:
    embeds = providers.of(Embeddings(provider="openai", model="none"))

    with pytest.raises(ToolError) as caught:
        await embeds.question("my secret question")

    assert str(caught.value) == "embeddings failed: BadRequestError 400"


def test_without_a_key_the_author_is_told_what_to_set() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        Providers().of(OPENAI)


def test_one_set_of_embeddings_serves_all_verticals(embedder: Embedder) -> None:
    providers = Providers(embedder=embedder)

    assert providers.of(Embeddings()) is providers.of(Embeddings())
