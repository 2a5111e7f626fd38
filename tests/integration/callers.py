"""One caller of a vertical and its tools, over a real Postgres."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from dialplan.errors import TelephonyError
from dialplan.model.vertical import Vertical
from dialplan.model.voice import Hours
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction
from dialplan.tools.http import HttpCaller
from dialplan.tools.ports import LookUp
from dialplan.tools.runner import ToolRunner
from dialplan.tools.state import CallState

MORNING = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""When all of them call: a Monday, nine in the morning in Chicago."""


def new_call(
    vertical: str,
    tenant: str = "lakeside",
    sid: str = "CA1",
    *,
    variables: Mapping[str, object] | None = None,
    secrets: Mapping[str, str] | None = None,
    hours: Hours | None = None,
) -> CallState:
    """A call that has just been put through to the agent `desk`."""
    return CallState(
        call_sid=sid,
        tenant=tenant,
        vertical=vertical,
        caller="+15550107788",
        called="+15550100001",
        now=lambda: MORNING,
        variables=variables or {},
        secrets=secrets or {},
        hours=hours,
        agent="desk",
    )


@dataclass
class Line:
    """The caller's line, as far as tools reach it."""

    done: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False

    async def transfer(self, destination: str) -> None:
        if self.broken:
            raise TelephonyError("the carrier refused", status=500)
        self.done.append(("transfer", destination))

    async def hang_up(self) -> None:
        self.done.append(("hang_up",))

    async def send_sms(self, to: str, body: str) -> None:
        self.done.append(("sms", to, body))

    async def take_message(self, to: str, body: str) -> None:
        self.done.append(("message", to, body))


@dataclass
class Notes:
    """Runs of tools, in order."""

    ran: list[tuple[str, str, dict[str, object], str]] = field(default_factory=list)

    @property
    def statuses(self) -> list[str]:
        return [status for _, _, _, status in self.ran]

    def tool_ran(
        self,
        call_sid: str,
        agent: str,
        tool: str,
        arguments: Mapping[str, object],
        status: str,
        ms: float,
    ) -> None:
        assert ms >= 0
        self.ran.append((agent, tool, dict(arguments), status))


@dataclass
class Desk:
    """A runner with what it stands on."""

    vertical: Vertical
    database: Database
    http: HttpCaller
    call: CallState
    look_up: LookUp | None = None
    line: Line = field(default_factory=Line)
    notes: Notes = field(default_factory=Notes)
    said: list[str] = field(default_factory=list)
    runner: ToolRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = ToolRunner(
            self.vertical,
            transactions=partial(tenant_transaction, self.database),
            http=self.http,
            actions=self.line,
            ledger=self.notes,
            on_start=self.said.append,
            on_slow=self.said.append,
            look_up=self.look_up,
        )

    async def run(self, tool: str, **arguments: object) -> dict[str, object]:
        answer = json.loads(await self.runner.run(tool, json.dumps(arguments), self.call))
        assert isinstance(answer, dict)
        return answer

    async def agreed(self, tool: str, **arguments: object) -> dict[str, object]:
        """Run a tool through its question: asked, agreed to in the caller's next turn, done."""
        self.call.caller_turns += 1
        assert (await self.run(tool, **arguments))["status"] == "confirm"
        self.call.caller_turns += 1
        return await self.run(tool, **arguments)

    async def refused(self, tool: str, **arguments: object) -> str:
        """Run a tool that the data refuses; return what the model is told."""
        answer = await self.run(tool, **arguments)
        assert answer["status"] == "refused", answer
        assert self.notes.statuses[-1] == "refused"
        return str(answer["message"])
