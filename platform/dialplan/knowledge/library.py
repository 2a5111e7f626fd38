"""The articles of all verticals that serve: indexed beside the calls, and looked up by them.

A call sees the articles of the version that it began with. Nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.articles.article import Unreadable
from dialplan.config.load import LoadedVertical
from dialplan.errors import ConfigError, DialplanError, ToolError
from dialplan.knowledge.collections import Edition, edition_of
from dialplan.knowledge.index import Indexed, index
from dialplan.knowledge.providers import Providers, Vector
from dialplan.knowledge.ranking import Candidate, chosen, in_force
from dialplan.knowledge.search import candidates, vector_schema
from dialplan.store.database import Database

log = logging.getLogger(__name__)

SEARCH_S = 5.0
"""The longest that the database may take over one question."""
_RETRY_S = (1.0, 5.0, 30.0)
"""How long after a failed try the next one is made; the last one from then on."""


class Transactions(Protocol):
    """Opens a transaction that sees one tenant of one vertical."""

    def __call__(
        self, vertical: str, tenant: str, *, statement_timeout: float
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """Commit at the end; the timeout is in seconds."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found, as a tool gives it."""

    title: str
    section: str
    text: str
    score: float


@dataclass(slots=True)
class _Shelf:
    """The collections of one version; `ready` is set once all of them can be searched."""

    loaded: LoadedVertical
    editions: Mapping[str, Edition] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    tries: int = 0


class Library:
    """Indexes what it is told of, one vertical after the other, and answers questions."""

    def __init__(
        self, database: Database, providers: Providers, transactions: Transactions
    ) -> None:
        """Do nothing yet.

        Args:
            database: where the index is, as its owner.
            providers: of embeddings.
            transactions: opens what a tenant may read.
        """
        self._database = database
        self._providers = providers
        self._transactions = transactions
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self._waiting: asyncio.Queue[_Shelf] = asyncio.Queue()

    def want(self, loaded: LoadedVertical) -> None:
        """Have the articles of a version indexed by `work`; returns at once."""
        if loaded.vertical.knowledge and loaded.identity not in self._shelves:
            self._shelves[loaded.identity] = shelf = _Shelf(loaded)
            self._waiting.put_nowait(shelf)

    def serve(self, versions: Sequence[LoadedVertical]) -> None:
        """Have the articles of these versions indexed, and let go of all others.

        A call that began with another version has it read again when it asks.
        """
        kept = {one.identity for one in versions}
        self._shelves = {key: shelf for key, shelf in self._shelves.items() if key in kept}
        for one in versions:
            self.want(one)

    async def work(self) -> None:
        """Index what is wanted until cancelled; what fails is tried again."""
        while True:
            await self._work_once()

    async def _work_once(self) -> None:
        # A function of its own: whoever waits for the next shelf must not hold the last one.
        shelf = await self._waiting.get()
        try:
            await self._fill(shelf)
        except DialplanError as error:
            if self._shelves.get(shelf.loaded.identity) is not shelf:
                return  # nobody serves from it any more
            delay = _RETRY_S[min(shelf.tries, len(_RETRY_S) - 1)]
            shelf.tries += 1
            name = shelf.loaded.vertical.name
            facts = {"vertical": name, "reason": str(error), "retry_s": delay}
            log.error("articles are not indexed", extra=facts)
            asyncio.get_running_loop().call_later(delay, self._waiting.put_nowait, shelf)

    async def prepare(self, loaded: LoadedVertical) -> list[Indexed]:
        """Index the articles of a version now; returns what each collection came to.

        Raises:
            StoreError: the database does not do it.
            ConfigError, ToolError: the passages cannot be embedded.
        """
        return await self._fill(self._shelves.setdefault(loaded.identity, _Shelf(loaded)))

    async def look_up(
        self,
        loaded: LoadedVertical,
        tenant: str,
        collection: str,
        question: str,
        *,
        top: int,
        at_least: float,
    ) -> list[Passage]:
        """Return what a version's articles say to a question; waits until they are indexed.

        Raises:
            ToolError: the question cannot be embedded or looked up.
        """
        self.want(loaded)
        shelf = self._shelves[loaded.identity]
        await shelf.ready.wait()  # as long as the tool that asks may take
        hits = in_force(await self._candidates(shelf, tenant, collection, question))
        return [
            Passage(
                hit.candidate.title,
                hit.candidate.section,
                hit.candidate.text,
                round(hit.score, 2),
            )
            for hit in chosen(hits, top, at_least)
        ]

    async def candidates(
        self, loaded: LoadedVertical, tenant: str, collection: str, question: str
    ) -> list[Candidate]:
        """Return all passages that a question puts forward, unranked, of an indexed version."""
        return await self._candidates(self._shelves[loaded.identity], tenant, collection, question)

    async def _candidates(
        self, shelf: _Shelf, tenant: str, collection: str, question: str
    ) -> list[Candidate]:
        edition = shelf.editions[collection]
        try:
            embeds = self._providers.of(shelf.loaded.vertical.embeddings)
            vector = await embeds.question(question)
            found = await self._search(edition, tenant, question, vector)
        except (ConfigError, SQLAlchemyError, OSError, TimeoutError) as error:
            # What the database says may repeat the question: only the kind of it is told.
            why = str(error) if isinstance(error, ConfigError) else type(error).__name__
            raise ToolError(f"`{collection}` cannot be looked up: {why}") from error
        if not found:
            raise ToolError(f"edition `{edition.edition}` of `{collection}` is gone: index it anew")
        return found

    async def _search(
        self, edition: Edition, tenant: str, question: str, vector: Vector
    ) -> list[Candidate]:
        async with self._transactions(
            edition.vertical, tenant, statement_timeout=SEARCH_S
        ) as connection:
            return await candidates(
                connection,
                vertical=edition.vertical,
                collection=edition.collection,
                edition=edition.edition,
                configuration=edition.configuration,
                question=question,
                vector=vector,
                with_vector=await vector_schema(connection),
            )

    async def _fill(self, shelf: _Shelf) -> list[Indexed]:
        loaded = shelf.loaded
        embeds = self._providers.of(loaded.vertical.embeddings)
        made: list[Indexed] = []
        editions: dict[str, Edition] = {}
        for name in loaded.vertical.knowledge:
            try:
                edition = await asyncio.to_thread(
                    edition_of, loaded.vertical, name, loaded.files, embeds.name
                )
            except Unreadable as error:
                raise ConfigError(f"`{name}` of `{loaded.vertical.name}`: {error}") from error
            one = await index(self._database, edition, embeds)
            made.append(one)
            editions[name] = edition
            facts = {
                "vertical": loaded.vertical.name,
                "collection": name,
                "passages": one.passages,
                "asked": one.asked,
                "embedded": one.embedded,
            }
            log.info("articles are indexed", extra=facts)
        shelf.editions = editions
        shelf.ready.set()
        return made
