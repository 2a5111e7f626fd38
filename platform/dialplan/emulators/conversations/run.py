"""Runs one conversation: a call through the real server, then what must be so after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dialplan.config.conversations import LoadedConversation
from dialplan.config.load import LoadedVertical
from dialplan.emulators.conversations.account import Account
from dialplan.emulators.conversations.after_call import AFTER_S, asks, made_of
from dialplan.emulators.conversations.after_outcomes import after_misses
from dialplan.emulators.conversations.deeds import cutting, line_of, milliseconds, next_cuts
from dialplan.emulators.conversations.expectations import misses
from dialplan.emulators.conversations.judging import judged, statements
from dialplan.emulators.conversations.live import LiveModel
from dialplan.emulators.conversations.logbook import Logbook
from dialplan.emulators.conversations.minds import PlayedMind, ReadingMind, WatchedMind
from dialplan.emulators.conversations.miss import Miss
from dialplan.emulators.conversations.outcomes import Text
from dialplan.emulators.conversations.queries import queried
from dialplan.emulators.conversations.room import (
    CALLER,
    LINE,
    CallClock,
    RowsRefused,
    clock_of,
    failing_of,
    open_room,
    phones_of,
    zone_of,
)
from dialplan.emulators.conversations.telling import told_by_turn
from dialplan.emulators.house import House
from dialplan.emulators.rehearsal.choose import Embeds
from dialplan.emulators.rehearsal.mind import RehearsalMind
from dialplan.emulators.stage import Sound, spoken, written
from dialplan.emulators.twilio.caller import ScriptedCaller
from dialplan.emulators.twilio.record import (
    BufferCleared,
    CallRecord,
    CarrierEvent,
    NumberDialled,
)
from dialplan.engines.text.extraction import TextModel
from dialplan.knowledge.minilm import Embedder
from dialplan.model.conversation import Conversation
from dialplan.runtime.clock import Clock
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.service import private_hosts
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.store.throwaway import Throwaway

# How long a caller waits for an agent that says nothing, and a call for its end to be noted.
MAX_WAIT_MS = 8_000
# For a model that is far away, or a voice on a machine that has much to do.
PATIENT_WAIT_MS = 20_000
CLOSED_BY_SERVER = 31921
# A word, written and as people say it.
WRITTEN_MS, SPOKEN_MS = 20, 300
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
    """How a conversation went.

    Attributes:
        waited_ms: for each turn, None without an answer.
        unjudged: how many expectations only a model could judge, and none did.
    """

    vertical: str
    told: LoadedConversation
    seconds: float
    failures: tuple[Failure, ...] = ()
    transcript: tuple[str, ...] = ()
    waited_ms: tuple[int | None, ...] = ()
    unjudged: int = 0

    @property
    def passed(self) -> bool:
        """Whether all went as expected."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is spoken, and how long an agent is quiet before the caller goes on.

    The mind is watched: the pause need only be longer than one inside what is being said.

    Attributes:
        sound: makes the voices of a call; told whether the next words of the caller cut in.
        skips: whether time passes at once while nobody says anything.
        hurry_ms: how much longer people take for a word, in milliseconds.
        wait_ms: how long the caller waits for an agent that says nothing, in milliseconds.
    """

    sound: Callable[[Callable[[], bool]], Sound]
    patience_ms: int
    skips: bool
    hurry_ms: int = 0
    wait_ms: int = MAX_WAIT_MS


def writing() -> Manner:
    """Return speech that is written: exact, and many times as fast as people speak.

    Only what is going to be cut off is spoken at the pace of people: there is time to cut in.
    """

    def sound(cut: Callable[[], bool]) -> Sound:
        return written(ms_per_word=WRITTEN_MS, agent_ms=lambda: SPOKEN_MS if cut() else WRITTEN_MS)

    return Manner(sound, 300, skips=True, hurry_ms=SPOKEN_MS - WRITTEN_MS)


def calling_live() -> Manner:
    """Return real speech for a live model. Raises ConfigError without the `rehearsal` extra.

    Nobody sees it think: the pause is longer. Silence passes at once, for it costs money.
    """
    voices = spoken()
    return Manner(lambda _cut: voices, 1_800, skips=True, wait_ms=PATIENT_WAIT_MS)


def speaking() -> Manner:
    """Return real speech. Raises ConfigError without the `rehearsal` extra."""
    voices = spoken()
    return Manner(lambda _cut: voices, 1000, skips=False, wait_ms=PATIENT_WAIT_MS)


@dataclass(frozen=True, slots=True)
class Means:
    """What the conversations of one run share; none of it keeps anything of a call.

    Attributes:
        settings: what the operator allows tools; the database is another for each call.
        live: the model that answers, None for the emulated one.
        opening: held while a room is opened: migrations do not run twice at once in a process.
    """

    databases: Throwaway
    manner: Manner
    embedder: Embeds
    logbook: Logbook
    settings: Settings
    live: LiveModel | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class _Call:
    """A call under way: who calls, what is noted, whether the agent has left it."""

    caller: ScriptedCaller
    account: Account
    facts: list[Fact] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False
    live: LiveCalls | None = None

    def watch(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.account.take(fact, len(self.caller.spoken))
        if self.account.reason:
            self.over.set()

    def event(self, event: CarrierEvent) -> None:
        said = len(self.caller.spoken)
        match event:
            case NumberDialled(_, number):
                # Whoever the caller is put through to is a person: here the conversation ends.
                self.left = True
                self.account.dialled(number, said)
            case BufferCleared():
                self.account.cleared(said)
            case _:
                pass

    def tool_works(self) -> bool:
        """Tell whether a tool is at work, so that more is to come."""
        return self.live is not None and any(one.tools for one in self.live.running())


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
    account = Account(cutting=cutting(told.conversation), failing=failing_of(told))
    try:
        more_s = AFTER_S if asks(told.conversation) else 0.0
        async with asyncio.timeout(_limit_s(told) + 2 * END_S + more_s):
            found = await _run(loaded, told, means, account)
    except TimeoutError:
        found = [Miss(("name",), f"an end within {_limit_s(told)} s", "the call did not end")]
    except RowsRefused as error:
        found = [Miss(("given", "seed"), "rows that fit the tables", str(error))]
    by_turn = told_by_turn(told.conversation, account)
    asked = statements(told.conversation)
    if means.live is not None:
        found += await judged(asked, by_turn, means.live.judge)
    return Result(
        loaded.vertical.name,
        told,
        time.monotonic() - began,
        tuple(sorted(_failure(told, miss) for miss in found)),
        (
            *(line for lines in by_turn for line in lines),
            *([f"  ended: {account.reason}"] if account.reason else []),
            *(f"  log: {one}" for one in means.logbook.of(account.call_sid)),
        ),
        tuple(None if turn.last is None else turn.last.waited_ms for turn in account.turns),
        unjudged=0 if means.live is not None else len(asked),
    )


async def _run(
    loaded: LoadedVertical, told: LoadedConversation, means: Means, account: Account
) -> list[Miss]:
    conversation = told.conversation
    zone = zone_of(loaded, told)
    clock = clock_of(loaded, told)
    call: _Call
    reads, played = _minds(told, means, clock, zone, lambda: len(call.caller.spoken))
    thinks = WatchedMind(reads)
    sound = means.manner.sound(lambda: next_cuts(conversation, len(call.caller.spoken)))
    caller = ScriptedCaller(
        [line_of(turn) for turn in conversation.turns],
        sound.fit([loaded]).caller,
        patience_ms=means.manner.patience_ms,
        max_wait_ms=means.manner.wait_ms if means.live is None else PATIENT_WAIT_MS,
        waits=lambda: thinks.busy or call.tool_works(),
        skip=_skipping(loaded, clock) if means.manner.skips else _staying,
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
                    sound=sound,
                    mind=thinks,
                    clock=clock,
                    watch=call.watch,
                    embedder=means.embedder if isinstance(means.embedder, Embedder) else None,
                    live=means.live,
                    memory=lambda: account.memory,
                )
            )
        call.live = house.service.live
        record = await _ring(house, told, call)
        found = misses(
            conversation,
            call.account,
            caller=record.from_,
            phones=phones_of(loaded, told),
            texts=[Text(one.to, one.body) for one in house.stage.carrier.messages],
        )
        if played is not None and means.live is None:
            found += [*played.misses, *played.untaken()]
        found += await queried(house.service.database, loaded.vertical.name, conversation, zone)
        found += [*await _after(house, call, conversation, means, zone), *reads.misses]
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
    # Twilio logs even a stream that was closed on purpose; here that is how an agent hangs up.
    closing = () if call.account.ended_by in (None, "caller") else (CLOSED_BY_SERVER,)
    call.account.errors += [
        f"{one.code} {one.message}"
        for one in record.notifications
        if one.level == "error" and one.code not in closing
    ]
    line = house.stage.carrier.calls[record.call_sid].line
    begun = [at for at, _ in call.caller.spoken]
    call.account.time(begun, call.caller.skipped, () if line is None else line.stood_still)
    return record


async def _after(
    house: House, call: _Call, conversation: Conversation, means: Means, zone: ZoneInfo
) -> list[Miss]:
    """Return where what is made of the call goes otherwise, if the conversation wants to know."""
    line, peers = house.service.lines[LINE], house.stage.peers
    after = line.vertical.vertical.after_call
    if after is None or not asks(conversation):
        return []
    key, url = (peers.text_key, peers.text_url) if means.live is None else means.live.text
    made = await made_of(
        call.facts,
        call.account.memory,
        line,
        model=TextModel(api_key=key or "none", base_url=url),
        private_hosts=private_hosts(means.settings, peers),
        hurry_ms=means.manner.hurry_ms,
    )
    return list(after_misses(conversation, after, made, zone))


def _skipping(loaded: LoadedVertical, clock: CallClock) -> Callable[[int], int]:
    """Return what lets silence pass at once, up to the next moment that the server may act at."""
    longest = milliseconds(loaded.vertical.limits.silence) + 1

    def skip(ms: int) -> int:
        passed = min(ms, longest)
        clock.skip(passed)
        return passed

    return skip


def _staying(_ms: int) -> int:
    """Let silence last as long as it does."""
    return 0


def _minds(
    told: LoadedConversation, means: Means, clock: Clock, zone: ZoneInfo, said: Callable[[], int]
) -> tuple[ReadingMind, PlayedMind | None]:
    thinks = RehearsalMind(means.embedder, lambda: clock.now().astimezone(zone))
    played = PlayedMind(told.conversation.turns, said) if told.conversation.scripted else None
    return ReadingMind(played or thinks, thinks, told.conversation.after_call), played


def _failure(told: LoadedConversation, miss: Miss) -> Failure:
    place = told.place(miss.at)
    return Failure(place.file, place.line, place.column, miss.expected, miss.got)


def _limit_s(told: LoadedConversation) -> int:
    return CALL_S + TURN_S * len(told.conversation.turns)
