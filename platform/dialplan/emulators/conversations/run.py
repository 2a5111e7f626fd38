"""Runs one conversation: a call through the real server, then what must be so after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import assert_never
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from dialplan.config.conversations import LoadedConversation
from dialplan.config.load import LoadedVertical
from dialplan.emulators.conversations.account import Account, Handed, Ran, Said
from dialplan.emulators.conversations.expectations import Miss, answered, misses, shown
from dialplan.emulators.conversations.logbook import Logbook
from dialplan.emulators.conversations.minds import PlayedMind, WatchedMind
from dialplan.emulators.conversations.room import (
    CALLER,
    LINE,
    TENANT,
    RowsRefused,
    clock_of,
    open_room,
    zone_of,
)
from dialplan.emulators.house import House
from dialplan.emulators.rehearsal.choose import Embeds
from dialplan.emulators.rehearsal.mind import RehearsalMind
from dialplan.emulators.stage import Sound, spoken, written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.emulators.twilio.record import CallRecord, CarrierEvent, NumberDialled
from dialplan.knowledge.minilm import Embedder
from dialplan.runtime.clock import Clock
from dialplan.settings import Settings
from dialplan.store.database import reason
from dialplan.store.facts import Fact
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.throwaway import Throwaway
from dialplan.tools.values import plain

# How long a caller waits for an agent that says nothing, and a call for its end to be noted.
MAX_WAIT_MS = 8_000
END_S = 10.0
# For the set-up and the greeting, and for each turn.
CALL_S, TURN_S = 30, 30


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """What was expected at a place in a file, and what happened instead. Lines count from 1."""

    file: str
    line: int
    column: int
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a conversation went; `waited_ms` is for each turn, None without an answer."""

    vertical: str
    told: LoadedConversation
    seconds: float
    failures: tuple[Failure, ...] = ()
    transcript: tuple[str, ...] = ()
    waited_ms: tuple[int | None, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all went as expected."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is spoken, and how long an agent is quiet before the caller goes on.

    The mind is watched: the pause need only be longer than one inside what is being said.
    """

    sound: Sound
    patience_ms: int


def writing() -> Manner:
    """Return speech that is written: exact, and three times as fast as the written default."""
    return Manner(written(ms_per_word=20), 300)


def speaking() -> Manner:
    """Return real speech. Raises ConfigError without the `rehearsal` extra."""
    return Manner(spoken(), 1000)


@dataclass(frozen=True, slots=True)
class Means:
    """What the conversations of one run share; none of it keeps anything of a call.

    Attributes:
        settings: what the operator allows tools; the database is another for each call.
        opening: held while a room is opened: migrations do not run twice at once in a process.
    """

    databases: Throwaway
    manner: Manner
    embedder: Embeds
    logbook: Logbook
    settings: Settings
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class _Call:
    """A call under way: who calls, what is noted, whether the agent has left it."""

    caller: ScriptedCaller
    account: Account
    over: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False

    def watch(self, fact: Fact) -> None:
        self.account.take(fact, len(self.caller.spoken))
        if self.account.reason:
            self.over.set()

    def event(self, event: CarrierEvent) -> None:
        # Whoever the caller is put through to is a person: here the conversation ends.
        self.left = self.left or isinstance(event, NumberDialled)


class _Caller:
    """The caller of a conversation, who hangs up once a person was dialled for him."""

    def __init__(self, call: _Call) -> None:
        self._call = call

    def heard(self, audio: bytes, now_ms: int) -> None:
        self._call.caller.heard(audio, now_ms)

    def digits(self, now_ms: int) -> str:
        return self._call.caller.digits(now_ms)

    def frame(self, now_ms: int) -> bytes | None:
        return self._call.caller.frame(now_ms)

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return self._call.left or self._call.caller.wants_to_hang_up(now_ms)


async def run_conversation(
    loaded: LoadedVertical, told: LoadedConversation, means: Means
) -> Result:
    """Hold the call in a room of its own and judge it.

    Raises:
        StoreError: no database can be made for it.
    """
    began = time.monotonic()
    account = Account()
    try:
        async with asyncio.timeout(_limit_s(told) + 2 * END_S):
            found = await _run(loaded, told, means, account)
    except TimeoutError:
        found = [Miss(("name",), f"an end within {_limit_s(told)} s", "the call did not end")]
    except RowsRefused as error:
        found = [Miss(("given", "seed"), "rows that fit the tables", str(error))]
    return Result(
        loaded.vertical.name,
        told,
        time.monotonic() - began,
        tuple(sorted(_failure(told, miss) for miss in found)),
        (
            *_transcript(told, account),
            *(f"  log: {one}" for one in means.logbook.of(account.call_sid)),
        ),
        tuple(None if turn.last is None else turn.last.waited_ms for turn in account.turns),
    )


async def _run(
    loaded: LoadedVertical, told: LoadedConversation, means: Means, account: Account
) -> list[Miss]:
    conversation = told.conversation
    zone = zone_of(loaded, told)
    clock = clock_of(loaded, told)
    call: _Call
    thinks, played = _mind(told, means, clock, zone, lambda: len(call.caller.spoken))
    caller = ScriptedCaller(
        [Line(turn.caller) for turn in conversation.turns],
        means.manner.sound.fit([loaded]).caller,
        patience_ms=means.manner.patience_ms,
        max_wait_ms=MAX_WAIT_MS,
        waits=lambda: thinks.busy,
    )
    call = _Call(caller, account)
    await caller.prepare()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(means.databases.database())
        async with means.opening:
            house = await stack.enter_async_context(
                open_room(
                    loaded,
                    told,
                    settings=means.settings,
                    database_url=url,
                    sound=means.manner.sound,
                    mind=thinks,
                    clock=clock,
                    watch=call.watch,
                    embedder=means.embedder if isinstance(means.embedder, Embedder) else None,
                )
            )
        record = await _ring(house, told, call)
        found = misses(conversation, call.account)
        if played is not None:
            found += [*played.misses, *played.untaken()]
        found += await _queries(house, loaded, told, zone)
        if record.ended_by == "limit":
            found.append(Miss(("name",), f"an end within {_limit_s(told)} s", "it went on"))
    return found


async def _ring(house: House, told: LoadedConversation, call: _Call) -> CallRecord:
    record = await house.stage.carrier.place(
        to=LINE,
        from_=told.conversation.given.caller or CALLER,
        caller=_Caller(call),
        on_event=call.event,
        limit_s=_limit_s(told),
    )
    try:
        async with asyncio.timeout(END_S):
            await call.over.wait()
    except TimeoutError:
        call.account.errors.append("the server noted no end of the call")
    call.account.errors += [
        f"{one.code} {one.message}" for one in record.notifications if one.level == "error"
    ]
    begun = [at for at, _ in call.caller.spoken]
    call.account.time(begun)
    return record


def _mind(
    told: LoadedConversation, means: Means, clock: Clock, zone: ZoneInfo, said: Callable[[], int]
) -> tuple[WatchedMind, PlayedMind | None]:
    if told.conversation.scripted:
        played = PlayedMind(told.conversation.turns, said)
        return WatchedMind(played), played
    thinks = RehearsalMind(means.embedder, lambda: clock.now().astimezone(zone))
    return WatchedMind(thinks), None


async def _queries(
    house: House, loaded: LoadedVertical, told: LoadedConversation, zone: ZoneInfo
) -> list[Miss]:
    """Ask the queries under `then`, each in a transaction of its own that may only read."""
    found: list[Miss] = []
    for index, check in enumerate(told.conversation.then):
        if check.sql is None:
            continue
        try:
            async with tenant_transaction(
                house.service.database, loaded.vertical.name, TENANT, timezone=str(zone)
            ) as connection:
                await connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                row = (await connection.exec_driver_sql(check.sql)).first()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            found.append(Miss(("then", index, "sql"), "a query for one value", reason(error)))
            continue
        got = plain(row[0], zone) if row is not None else None
        miss = answered(("then", index, "equals"), check.equals, got)
        found += [] if miss is None else [miss]
    return found


def _failure(told: LoadedConversation, miss: Miss) -> Failure:
    place = told.place(miss.at)
    return Failure(place.file, place.line, place.column, miss.expected, miss.got)


def _transcript(told: LoadedConversation, account: Account) -> Iterator[str]:
    for number, turn in enumerate((account.greeting, *account.turns)):
        if number and not any(isinstance(o, Said) and not o.agent for o in turn.happenings):
            # The call was over before these words were written down.
            yield f"caller: {told.conversation.turns[number - 1].caller}"
        for one in turn.happenings:
            match one:
                case Said(agent, words):
                    yield f"{agent or 'caller'}: {words}"
                case Ran():
                    yield f"  tool {shown(one)}"
                case Handed(source, target):
                    yield f"  handoff {source} -> {target}"
                case _:
                    assert_never(one)
    if account.reason:
        yield f"  ended: {account.reason}"


def _limit_s(told: LoadedConversation) -> int:
    return CALL_S + TURN_S * len(told.conversation.turns)
