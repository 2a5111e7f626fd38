"""What tools need from the rest of the platform, as protocols: the carrier, the data, the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class CallActions(Protocol):
    """What can be done to the call itself. Each raises a DialplanError when it cannot be done."""

    async def transfer(self, destination: str) -> None:
        """Put the caller through to a number (E.164)."""

    async def hang_up(self) -> None:
        """End the call once what was said has been heard."""

    async def send_sms(self, to: str, body: str) -> None:
        """Send a text message."""

    async def take_message(self, to: str, body: str) -> None:
        """Leave a message for the person at a number."""


class Transactions(Protocol):
    """Opens a transaction that sees one tenant of one vertical."""

    def __call__(
        self, vertical: str, tenant: str, *, statement_timeout: float, timezone: str
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """Commit at the end, roll back on an error; the timeout is in seconds."""


class LookUp(Protocol):
    """Looks a question up in a collection of the vertical's articles."""

    async def __call__(
        self, collection: str, question: str, *, tenant: str, top: int, at_least: float
    ) -> Sequence[Mapping[str, object]]:
        """Return passages as JSON objects, the best first; raises a DialplanError."""


@dataclass(frozen=True, slots=True)
class OwnTool:
    """A tool of a specialist's, as its model sees it."""

    name: str
    description: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a specialist is asked; `max_turns` is how often it may think."""

    name: str
    model: str
    instructions: str = field(repr=False)
    question: str = field(repr=False)
    tools: tuple[OwnTool, ...] = ()
    max_turns: int = 4


RunOwn = Callable[[str, str], Awaitable[str]]
"""Runs a tool of the specialist's with its arguments as JSON; gives the text for its model."""


class Experts(Protocol):
    """Asks specialists."""

    async def ask(self, asked: Asked, run_own: RunOwn) -> str:
        """Return the answer; raises a DialplanError."""


class Ledger(Protocol):
    """Where every run of a tool is noted. Must not block."""

    def tool_ran(
        self,
        call_sid: str,
        agent: str,
        tool: str,
        arguments: Mapping[str, object],
        status: str,
        ms: float,
    ) -> None:
        """Note one run; `arguments` are JSON values."""
