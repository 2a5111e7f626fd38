"""Has a text model fill in a JSON schema from material that it must not take orders from.

Asked over the Responses API with strict structured output; nothing of a call is kept there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    OpenAIError,
)
from openai.types.responses import EasyInputMessageParam, Response, ResponseTextConfigParam

from dialplan.errors import ToolError, TryLater
from dialplan.tools.trust import trusted

ANSWER_S = 60.0
"""The longest that one answer may take, in seconds."""
LONGEST_S = 180.0
"""The longest that all tries together may take, in seconds."""
TRIES = 2
"""How often a request is sent again that the provider did not take."""
MOST_TOKENS = 16_000
"""The longest answer, in tokens; models that reason count their thoughts too."""

MOST_OF_A_NAME = 100
"""The most characters that are kept of a model's name."""

_AGAIN = "That does not fit. Give the whole object once more, with these mended:"
# A key that was taken back, or lacks a right, the operator mends: no call goes unread for it.
_LATER = frozenset({401, 403, 408, 409, 425, 429})
_BUSY_CODES = frozenset({"server_error", "rate_limit_exceeded"})

Value = TypeVar("Value")
Check = Callable[[object], tuple[Value, Sequence[str]]]
"""Returns what holds of an answer (a JSON value), and sentences about what does not."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is asked.

    Attributes:
        name: of the schema, for the model.
        instructions: what to do, from us and the author of the vertical alone.
        material: what to read, written by whoever spoke: data.
        schema: of the answer, as strict structured output takes it.
    """

    name: str
    model: str
    schema: Mapping[str, Any]
    instructions: str = field(repr=False)
    material: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Extracted(Generic[Value]):
    """What was found. `model` is who answered, by the provider's own name for it."""

    held: Value
    model: str


class TextModel:
    """Asks text models; one pooled client for all calls of this process."""

    def __init__(
        self, *, api_key: str, base_url: str | None = None, answer_s: float = ANSWER_S
    ) -> None:
        """Make the client.

        Args:
            api_key: of the provider.
            base_url: its address with the version prefix, when it is not OpenAI's.
            answer_s: the longest that one answer may take, in seconds.
        """
        self._client = AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            timeout=answer_s,
            max_retries=TRIES,
            http_client=DefaultAsyncHttpxClient(verify=trusted()),
        )

    async def extract(self, asked: Extraction, check: Check[Value]) -> Extracted[Value]:
        """Return what holds of the answer; one that does not fit is asked for once more.

        Raises:
            TryLater: the provider cannot be reached, or has too much to do.
            ToolError: it refuses, or gives no whole answer. No message holds anything of the
                material, or a secret.
        """
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._extract(asked, check)
        except TimeoutError as error:
            raise TryLater(f"the text model `{asked.model}` took too long") from error

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.close()

    async def _extract(self, asked: Extraction, check: Check[Value]) -> Extracted[Value]:
        said: list[EasyInputMessageParam] = [{"role": "user", "content": asked.material}]
        first, model = await self._ask(asked, said)
        held, wrong = check(_parsed(first))
        if not wrong:
            return Extracted(held, model)
        said.append({"role": "assistant", "content": first})
        said.append({"role": "user", "content": "\n".join([_AGAIN, *wrong])})
        second, model = await self._ask(asked, said)
        held, _ = check(_parsed(second))
        return Extracted(held, model)

    async def _ask(
        self, asked: Extraction, said: Sequence[EasyInputMessageParam]
    ) -> tuple[str, str]:
        """Return an answer, and who gave it."""
        text: ResponseTextConfigParam = {
            "format": {
                "type": "json_schema",
                "name": asked.name,
                "strict": True,
                "schema": dict(asked.schema),
            }
        }
        try:
            response = await self._client.responses.create(
                model=asked.model,
                instructions=asked.instructions,
                input=[*said],
                text=text,
                store=False,
                max_output_tokens=MOST_TOKENS,
            )
        except APIStatusError as error:
            # A message may hold the key or the caller's words.
            raise _refused(asked.model, error) from error
        except APIConnectionError as error:
            kind = type(error).__name__
            raise TryLater(f"the text model `{asked.model}` cannot be reached: {kind}") from error
        except OpenAIError as error:
            kind = type(error).__name__
            raise ToolError(f"the text model `{asked.model}` failed: {kind}") from error
        return _answer(asked.model, response), _answered(asked.model, response)


def _refused(model: str, error: APIStatusError) -> TryLater | ToolError:
    message = f"the text model `{model}` answered with status {error.status_code}"
    if error.status_code in _LATER or error.status_code >= 500:
        wait = error.response.headers.get("retry-after", "")
        return TryLater(message, after_s=float(wait) if wait.isdecimal() else None)
    return ToolError(message)


def _answer(model: str, response: Response) -> str:
    # What is no JSON at all the client hands on as text.
    status = response.status if isinstance(response, Response) else "unreadable"
    if status == "failed":
        code = response.error.code if response.error is not None else "no reason"
        message = f"the text model `{model}` failed: {code}"
        raise TryLater(message) if code in _BUSY_CODES else ToolError(message)
    if status != "completed":
        details = response.incomplete_details if status == "incomplete" else None
        why = (details.reason if details is not None else None) or status
        raise ToolError(f"the text model `{model}` gave no whole answer: {why}")
    for item in response.output:
        if item.type == "message" and any(part.type == "refusal" for part in item.content):
            raise ToolError(f"the text model `{model}` refused to answer")
    return response.output_text


def _answered(model: str, response: Response) -> str:
    # The client checks no types, and a provider may leave it out.
    named: object = response.model
    return named[:MOST_OF_A_NAME] if isinstance(named, str) and named.strip() else model


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed
