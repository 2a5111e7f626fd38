"""Who turns texts into vectors: the model on this machine, or OpenAI's endpoint.

Every wait has a limit; nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from dialplan.errors import ConfigError, ToolError
from dialplan.knowledge import minilm
from dialplan.model.knowledge import Embeddings
from dialplan.tools.trust import trusted

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Vector = Sequence[float]

OPENAI_MODEL = "text-embedding-3-small"
OPENAI_DIMENSIONS = 512
"""Shortened from 1,536: the model was trained so that the first numbers say the most."""
QUESTION_S = 5.0
"""The longest that one question may take to embed."""
_BATCH = 64
_BATCH_S = 60.0


class Embeds(Protocol):
    """Makes vectors of unit length."""

    @property
    def name(self) -> str:
        """What the vectors are of: those of different names cannot be compared."""
        ...

    async def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return a vector for each passage of an index; may take long."""
        ...

    async def question(self, text: str) -> Vector:
        """Return the vector of a question."""
        ...


class LocalEmbeddings:
    """MiniLM in threads of its own: one for an index that is made, two for questions."""

    name = "local:all-MiniLM-L6-v2-int8"

    def __init__(self, embedder: minilm.Embedder | None = None) -> None:
        """Load nothing yet; an embedder may be shared."""
        self._embedder = embedder or minilm.Embedder()
        self._indexing = ThreadPoolExecutor(1, thread_name_prefix="embed passages")
        self._asking = ThreadPoolExecutor(2, thread_name_prefix="embed questions")

    async def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return a vector for each passage; raises ConfigError without the `knowledge` extra."""
        return await asyncio.get_running_loop().run_in_executor(self._indexing, self._each, texts)

    async def question(self, text: str) -> Vector:
        """Return the vector of a question; raises ConfigError without the `knowledge` extra."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(QUESTION_S):
            return (await loop.run_in_executor(self._asking, self._each, [text]))[0]

    def _each(self, texts: Sequence[str]) -> list[Vector]:
        # One by one: what stands beside a text in a batch changes its int8 result a little, and
        # an index must not depend on what else was new when it was made.
        return [self._embedder.embed([text])[0].tolist() for text in texts]

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._indexing.shutdown(wait=False, cancel_futures=True)
        self._asking.shutdown(wait=False, cancel_futures=True)


class OpenAIEmbeddings:
    """`POST /embeddings` of OpenAI or of a server that speaks the same."""

    def __init__(self, client: AsyncOpenAI, model: str, dimensions: int) -> None:
        self._client = client
        self._model = model
        self._dimensions = dimensions
        self.name = f"openai:{model}:{dimensions}"

    async def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return a vector for each passage.

        Raises:
            ToolError: the endpoint did not answer, or not with these vectors.
        """
        found: list[Vector] = []
        for start in range(0, len(texts), _BATCH):
            found += await self._embed(texts[start : start + _BATCH], _BATCH_S)
        return found

    async def question(self, text: str) -> Vector:
        """Return the vector of a question; raises ToolError as `passages` does."""
        return (await self._embed([text], QUESTION_S))[0]

    async def _embed(self, texts: Sequence[str], limit: float) -> list[Vector]:
        from openai import OpenAIError

        try:
            async with asyncio.timeout(limit):
                answer = await self._client.embeddings.create(
                    model=self._model,
                    input=list(texts),
                    dimensions=self._dimensions,
                    encoding_format="float",
                )
        except TimeoutError as error:
            raise ToolError(f"embeddings did not come within {limit:g} s") from error
        except OpenAIError as error:
            # What the endpoint says may repeat a caller's question: only its kind is kept.
            status = getattr(error, "status_code", None)
            raise ToolError(f"embeddings failed: {type(error).__name__} {status or ''}") from error
        rows = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
        if [len(row) for row in rows] != [self._dimensions] * len(texts):
            raise ToolError(
                f"expected {len(texts)} embeddings of {self._dimensions} numbers, got other ones"
            )
        return [_unit(row) for row in rows]


def _unit(row: Sequence[float]) -> Vector:
    length = math.sqrt(math.fsum(value * value for value in row))
    return [value / length for value in row] if length else list(row)


class Providers:
    """The embeddings that verticals ask for, each made once."""

    def __init__(
        self,
        *,
        openai_key: str | None = None,
        openai_url: str | None = None,
        embedder: minilm.Embedder | None = None,
    ) -> None:
        """Nothing is loaded or connected before it is used.

        Args:
            openai_key: key for the endpoint of OpenAI.
            openai_url: another endpoint that speaks the same.
            embedder: the local model, where one is loaded already.
        """
        self._key, self._url = openai_key, openai_url
        self._embedder = embedder
        self._local: LocalEmbeddings | None = None
        self._client: AsyncOpenAI | None = None

    def of(self, wanted: Embeddings) -> Embeds:
        """Return the embeddings of a vertical.

        Raises:
            ConfigError: they need a key that is not set.
        """
        if wanted.provider == "local":
            if self._local is None:
                self._local = LocalEmbeddings(self._embedder)
            return self._local
        if self._key is None and self._url is None:
            raise ConfigError(
                "`embeddings: openai` needs `OPENAI_API_KEY`; set it, or write `embeddings: local`"
            )
        if self._client is None:
            # Imported on use: it takes a third of a second.
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient

            self._client = AsyncOpenAI(
                api_key=self._key or "none",
                base_url=self._url,
                max_retries=2,
                timeout=_BATCH_S,
                http_client=DefaultAsyncHttpxClient(verify=trusted()),
            )
        return OpenAIEmbeddings(
            self._client,
            wanted.model or OPENAI_MODEL,
            wanted.dimensions or OPENAI_DIMENSIONS,
        )

    async def close(self) -> None:
        """Let threads and connections go."""
        if self._local is not None:
            self._local.close()
        if self._client is not None:
            await self._client.close()
