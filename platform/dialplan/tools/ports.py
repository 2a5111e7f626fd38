"""What tools need from the rest of the platform, as protocols: the carrier, the data, the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
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
