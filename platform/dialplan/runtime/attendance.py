"""One call, attended: the leg, the engine, the machine between them, and the tools.

One task owns the call's state. Readers only put events in its inbox; audio from the caller goes
straight to the engine. Nothing is awaited between looking at the state and changing it.
"""

from __future__ import annotations

import asyncio
import logging
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, assert_never

from opentelemetry.trace import Tracer

from dialplan.call.commands import (
    ClearPlayback,
    CloseEngine,
    Command,
    EndStream,
    HangUp,
    InterruptEngine,
    PlaySpeech,
    Say,
    TellKeys,
    Transfer,
)
from dialplan.call.events import (
    CallerSpeechStopped,
    KeyPressed,
    MarkReturned,
    SpeechArrived,
    StreamStarted,
    StreamStopped,
    TimerFired,
)
from dialplan.call.keypad import sentence
from dialplan.call.machine import CallMachine
from dialplan.call.transcript import Transcript
from dialplan.config.load import LoadedVertical
from dialplan.engines.engine import (
    AgentSaid,
    CallerSaid,
    Engine,
    EngineSink,
    HandedOver,
    PeerFault,
    Reconnected,
    TokensUsed,
    ToolUnknown,
)
from dialplan.engines.realtime.agents import CallAgents, Handover
from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.messages import Dtmf, Mark, Media, Message, Stop
from dialplan.protocols.twilio.stream import Stream
from dialplan.runtime.actions import LineActions
from dialplan.runtime.assembly import VerticalAgents, call_policy, call_trace, pause_ms
from dialplan.runtime.attended import CallRequest, Ending, Leg
from dialplan.runtime.beginning import new_call
from dialplan.runtime.clock import Clock
from dialplan.runtime.duties import Duties
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.mailbox import Fault, Filler, Happened, Mailbox
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.minutes import Minutes
from dialplan.runtime.observer import CallObserver
from dialplan.store.facts import Fact
from dialplan.telephony.rest import TwilioRest
from dialplan.tools.elsewhere import Elsewhere
from dialplan.tools.http import HttpCaller
from dialplan.tools.ports import LookUp, Transactions
from dialplan.tools.runner import ToolRunner

log = logging.getLogger(__name__)

# A frame that the carrier does not take in this time never reaches the caller.
SEND_S = 5.0
# A clock that was moved, or a machine that slept, is noticed this soon.
LOOK_MS = 500
CONFIGURE_S = 10.0

MakeEngine = Callable[[CallAgents, EngineSink, Callable[[Handover], Mapping[str, Any]]], Engine]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call of this process shares.

    Attributes:
        note: takes the facts of all calls; must not block.
        notice: said before every greeting, None outside rehearsals.
        elsewhere: does the work of `python`, `mcp` and `specialist` tools.
        mocks: results that tools give instead of running, or how they fail; only in conversations.
        look_up: gives what finds passages in the articles of a vertical.
        memory: makes what a call knows (`state`), empty; conversations look into it.
        metrics, live: are told of each call what its facts do not say.
        carrier: Twilio over REST for an account (SID, token), None when it is not set up.
        tracer: makes the spans of each call; None without tracing.
    """

    clock: Clock
    note: Callable[[Fact], None]
    transactions: Transactions
    http: HttpCaller
    carrier: Callable[[CallRequest], TwilioRest | None]
    notice: str | None = None
    mocks: Mapping[str, object] = field(default_factory=dict)
    look_up: Callable[[LoadedVertical], LookUp] | None = None
    memory: Callable[[], dict[str, object]] = dict
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    metrics: Metrics = field(default_factory=Metrics)
    live: LiveCalls = field(default_factory=LiveCalls)
    tracer: Tracer | None = None


class Attendance:
    """Attends one call (an `AttendedCall` of the switchboard's)."""

    def __init__(self, request: CallRequest, make_engine: MakeEngine, around: Surroundings) -> None:
        self._request = request
        self._around = around
        line = request.line
        self._state = new_call(
            line,
            call_sid=request.call_sid,
            caller=request.caller,
            now=around.clock.now,
            state=around.memory(),
        )
        self._minutes = Minutes(request, around.clock, around.note, self._state)
        self._observer = CallObserver(
            request.call_sid,
            self._state.vertical,
            around.metrics,
            around.live,
            around.clock,
            minutes=self._minutes,
            pause_ms=pause_ms(line.vertical),
            trace=None
            if around.tracer is None
            else call_trace(around.tracer, request, around.clock),
        )
        mailbox = Mailbox(self._observer)
        tools = ToolRunner(
            line.vertical.vertical,
            transactions=around.transactions,
            http=around.http,
            actions=LineActions(request, mailbox.put, around.carrier),
            ledger=self._observer,
            on_start=mailbox.speak,
            on_slow=mailbox.speak,
            mocks=around.mocks,
            look_up=None if around.look_up is None else around.look_up(line.vertical),
            elsewhere=around.elsewhere,
            prompts=line.vertical.prompts,
        )
        duties = Duties(request, self._state, self._observer, tools)
        policy = call_policy(line.vertical, duties.names(), notice=around.notice)
        self._machine = CallMachine(policy)
        self._engine = make_engine(
            VerticalAgents(line.vertical, duties.names, duties.run_tool),
            mailbox.put,
            duties.handing_over,
        )
        self._transcript = Transcript()
        self._put = mailbox.put
        self._inbox = mailbox.inbox
        self._fillers = 0

    # -- AttendedCall ---------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Reach the model ahead of the stream."""
        await self._engine.connect()

    async def run(self, leg: Leg, stream: Stream) -> Ending | None:
        """Carry the call from its stream's start to the end."""
        began = self._around.clock.monotonic_ms()
        line = self._request.line
        self._minutes.began()
        self._observer.began()
        reason = "failed"
        try:
            async with asyncio.timeout(CONFIGURE_S):
                await self._engine.configure()
            leg.listen(partial(self._hear, stream))
            try:
                reason, ending = await self._converse(leg, stream)
            except ProtocolError as exc:
                # Nothing reaches this caller; once the stream is closed Twilio asks for more.
                log.warning("carrier stalled", extra=self._facts(reason=str(exc)))
                reason, ending = "carrier_stalled", None
            return ending
        finally:
            self._inbox.close()
            self._minutes.spoken(self._transcript.settle(last=True))
            self._observer.ended(reason, dict(stream.ignored))
            ended_ms = self._around.clock.monotonic_ms()
            self._minutes.ended(reason, ended_ms - began)
            log.info(
                "call ended",
                extra={
                    "call_sid": self._request.call_sid,
                    "tenant": line.tenant,
                    "reason": reason,
                    "ignored": dict(stream.ignored),
                },
            )

    async def discard(self) -> None:
        """Close the engine."""
        await self._engine.close()

    # -- the call's own task --------------------------------------------------------------------

    async def _converse(self, leg: Leg, stream: Stream) -> tuple[str, Ending | None]:
        """Handle events until the machine is done; return the reason and what comes after."""
        commands = self._machine.handle(StreamStarted(), self._now())
        while True:
            if commands:
                done = await self._execute(commands, leg, stream)
                self._observer.did(commands, self._state.agent)
                if done is not None:
                    return done
            event = self._inbox.take()
            if event is None:
                event = await self._next()
            self._observer.saw(event)
            commands = self._take(event, self._now())

    async def _next(self) -> Happened:
        """Wait for the next event, or for the machine's timer when that is due first."""
        while True:
            # Only now: a barge-in has cut the transcript to what was heard.
            if self._machine.quiet:
                self._observer.fell_quiet()
                self._minutes.spoken(self._transcript.settle())
            deadline = self._machine.next_deadline()
            if deadline is not None and deadline <= self._now():
                return TimerFired()
            wait_ms = None if deadline is None else min(deadline - self._now(), LOOK_MS)
            await self._inbox.wait(wait_ms)
            event = self._inbox.take()
            if event is not None:
                return event

    def _take(self, event: Happened, now: int) -> list[Command]:
        match event:
            # Speech and marks are nearly all there is: they come first.
            case SpeechArrived():
                commands = self._machine.handle(event, now)
                if any(isinstance(one, PlaySpeech) for one in commands):
                    self._transcript.audio(self._state.agent, event.item_id, event.payload)
                return commands
            case MarkReturned():
                pass
            case CallerSaid(_, text):
                self._minutes.spoken(self._transcript.caller_said(text))
                return []
            case AgentSaid(item_id, text):
                self._transcript.agent_said(item_id, text)
                return []
            case HandedOver(source, target):
                self._state.agent = target
                self._minutes.handed_over(source, target)
                return []
            case PeerFault(kind):
                log.warning("model fault", extra=self._facts(kind=kind))
                return []
            case ToolUnknown(name):
                log.warning("tool out of scope", extra=self._facts(tool=name))
                sid, agent = self._request.call_sid, self._state.agent
                self._minutes.tool_ran(sid, agent, name, {}, "refused", 0.0)
                return []
            case Reconnected(attempt):
                log.warning("model reconnected", extra=self._facts(attempt=attempt))
                return []
            case TokensUsed():
                return []
            case Filler(text):
                self._fillers += 1
                return [Say(text, f"filler_{self._fillers}")]
            case Fault(error):
                raise error
            case CallerSpeechStopped():
                self._state.caller_turns += 1
            case _:
                pass
        return self._machine.handle(event, now)

    async def _execute(
        self, commands: list[Command], leg: Leg, stream: Stream
    ) -> tuple[str, Ending | None] | None:
        """Carry commands out, in order; return the end of the call when they hold one."""
        done: tuple[str, Ending | None] | None = None
        for command in commands:
            match command:
                case PlaySpeech(payload, mark):
                    leg.send(*stream.media(payload), stream.mark(mark))
                case ClearPlayback():
                    leg.send(stream.clear())
                    self._observer.cleared()
                case InterruptEngine(truncations, responses, unheard):
                    self._transcript.cut(truncations)
                    await self._engine.interrupt(truncations, responses, unheard=unheard)
                case Say(text, say_id):
                    await self._engine.say(text, say_id)
                case TellKeys(digits):
                    await self._tell_keys(digits)
                case HangUp(reason):
                    done = reason, command
                case Transfer():
                    done = "transferred", command
                case EndStream(reason):
                    done = reason, None
                case CloseEngine():
                    # Gone without our doing: if the caller is still there, Twilio asks what now.
                    done = done or ("caller" if stream.stopped else "stream_lost", None)
                case _:
                    assert_never(command)
        if not leg.writable:
            await _drain(leg)
        return done

    async def _tell_keys(self, digits: str) -> None:
        """Take an entry on the keypad for a turn of the caller."""
        self._state.digits = digits
        self._state.caller_turns += 1
        words = sentence(digits)
        self._minutes.spoken(self._transcript.caller_said(words))
        await self._engine.tell(words)

    def _hear(self, stream: Stream, frame: str | bytes | None) -> None:
        """Take a frame of the leg: audio goes to the engine, all else into the inbox."""
        if stream.stopped:
            return
        try:
            if isinstance(frame, str):
                audio = stream.caller_audio(frame)
                if audio is not None:
                    self._engine.append_audio(audio)
                else:
                    self._heed(stream.receive_text(frame))
            elif frame is None:
                self._put(StreamStopped())
            else:
                stream.receive_binary(frame)
        except Exception as exc:
            # Called by the socket, which would close; the call has more to end than that.
            self._put(Fault(exc))

    def _heed(self, messages: list[Message]) -> None:
        for message in messages:
            match message:
                case Media():
                    self._engine.append_audio(a2b_base64(message.payload))
                case Mark(name):
                    self._put(MarkReturned(name))
                case Stop():
                    self._put(StreamStopped())
                case Dtmf(digit):
                    self._put(KeyPressed(digit))
                case _:
                    continue

    def _facts(self, **more: object) -> dict[str, object]:
        return {"call_sid": self._request.call_sid, **more}

    def _now(self) -> int:
        return self._around.clock.monotonic_ms()


async def _drain(leg: Leg) -> None:
    """Wait for a carrier that is behind. Raises ProtocolError when it stays so."""
    try:
        async with asyncio.timeout(SEND_S):
            await leg.drained()
    except TimeoutError as exc:
        raise ProtocolError(f"the carrier has read nothing for {SEND_S:g} s") from exc
