"""The switchboard: answers webhooks, expects streams, carries the calls of this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from dialplan.call.commands import HangUp, Transfer
from dialplan.errors import DialplanError, ProtocolError
from dialplan.protocols.twilio.messages import Start
from dialplan.protocols.twilio.stream import Stream
from dialplan.protocols.twilio.twiml import ConnectStream, Dial, Hangup, Verb
from dialplan.runtime.attended import AttendedCall, CallRequest, Leg, MakeCall
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Directory, Line
from dialplan.runtime.endings import Endings
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.registry import Registry
from dialplan.runtime.tokens import StreamTokens
from dialplan.runtime.unavailable import WayOut, not_in_service, way_out
from dialplan.store.presence import RunningCall

log = logging.getLogger(__name__)

# How long the first message of a stream may take, and how long a stream may take to come at all.
START_S = 5.0
STREAM_S = 30.0
CLOSE_S = 5.0
# A stream that has said this many frames before `start` is not Twilio.
FRAMES_BEFORE_START = 10


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A call whose model is being dialled, or is there."""

    request: CallRequest
    call: AttendedCall
    ready: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class _Expected:
    """A call whose stream has not come yet."""

    prepared: _Prepared
    answer: tuple[Verb, ...]
    expiry: asyncio.TimerHandle


class Switchboard:
    """Answers for this process, and with an installation's key and endings for all of them.

    `public_url` is the origin written into TwiML; `endings` and `registry` are memory alone when
    not given. `worker` is this one's name among several behind one port (`Slot.name`), else empty.
    """

    def __init__(
        self,
        lines: Directory,
        *,
        make_call: MakeCall,
        tokens: StreamTokens,
        clock: Clock,
        public_url: str,
        endings: Endings | None = None,
        registry: Registry | None = None,
        metrics: Metrics | None = None,
        worker: str = "",
    ) -> None:
        self.lines = lines
        self.metrics = metrics or Metrics()
        self.metrics.count_running(lambda: self.running)
        self._make_call = make_call
        self._tokens = tokens
        self._clock = clock
        self._public = public_url
        self._expected: dict[str, _Expected] = {}
        self._running: dict[str, CallRequest] = {}
        self._endings = endings or Endings(None)
        self.registry = registry or Registry()
        self._media = f"media/{worker}" if worker else "media"
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many calls are up."""
        return len(self._running)

    def tokens_of(self, called: str) -> tuple[str, ...]:
        """Return the auth tokens that may have signed a webhook about this number.

        A number that is not ours may still be signed by any account we know: its caller hears a
        sentence, which a refused signature would deny him.
        """
        line = self.lines.get(called)
        if line is not None:
            return (line.token,) if line.token else ()
        return self.all_tokens()

    def all_tokens(self) -> tuple[str, ...]:
        """Return every auth token, once each."""
        return self.lines.tokens

    async def problems(self, ping: Callable[[], Awaitable[None]]) -> list[str]:
        """Return why this process should get no calls now, in words; empty when it is ready."""
        try:
            async with asyncio.timeout(2):
                await ping()
        except (DialplanError, TimeoutError) as exc:
            return [f"database: {exc or 'no answer within 2 s'}"]
        return []

    async def answer(self, form: Mapping[str, str]) -> Sequence[Verb]:
        """Answer a voice webhook: the stream to connect to, or what is said instead of it."""
        sid, called = form.get("CallSid", ""), form.get("To", "")
        line = self.lines.choose(called, form.get("From", ""), sid)
        if line is None or not sid:
            log.warning("call to a number that nobody owns", extra={"call_sid": sid})
            return not_in_service()
        waiting = self._expected.get(sid)
        if waiting is not None:
            # Twilio asks again when our answer was lost: same call, same answer.
            return waiting.answer
        request = CallRequest(sid, form.get("AccountSid", ""), form.get("From", ""), line)
        if not await self._may_begin(request):
            log.warning("line is at its limit of calls", extra={"call_sid": sid})
            return self._way_out(line, form).unavailable()
        waiting = self._expected.get(sid)
        if waiting is not None:
            return waiting.answer  # it asked again while the calls were counted
        # The model is dialled now, so that it is there when the stream is.
        call, ready = self._prepare(request)
        token = self._tokens.issue(
            sid,
            caller=request.caller,
            called=called,
            now=self._clock.epoch(),
            nonce=self._clock.random_hex(16),
        )
        stream_url = (
            self._url(self._media).replace("https://", "wss://").replace("http://", "ws://")
        )
        answer = (
            ConnectStream(stream_url, action=self._url("after"), parameters={"token": token}),
            *self._way_out(line, form).unavailable(),
        )
        expiry = asyncio.get_running_loop().call_later(STREAM_S, self._expire, sid)
        self._expected[sid] = _Expected(_Prepared(request, call, ready), answer, expiry)
        return answer

    async def after(self, form: Mapping[str, str]) -> Sequence[Verb]:
        """Say what follows the stream, a transfer or a recording."""
        way_out = self._way_out(self.lines.get(form.get("To", "")), form)
        if "RecordingUrl" in form:
            return way_out.after_voicemail()
        if "DialCallStatus" in form:
            return way_out.after_dial(form)
        ending = await self._endings.of(form.get("CallSid", ""))
        match ending:
            case HangUp():
                return (Hangup(),)
            case Transfer(destination):
                return (self.transfer_verb(destination),)
            case None if form.get("CallStatus") == "completed":
                return (Hangup(),)  # nobody is there to hear more
            case None:
                return way_out.unavailable()

    def transfer_verb(self, destination: str) -> Dial:
        """Return the verb that puts a caller through to a number."""
        return Dial(destination, timeout=25, action=self._url("after"), answer_on_bridge=True)

    async def fallback(self, form: Mapping[str, str]) -> Sequence[Verb]:
        """Take over a call whose webhook failed: no model, no database, just the way out."""
        log.error(
            "call fell back",
            extra={"call_sid": form.get("CallSid", ""), "error_code": form.get("ErrorCode", "")},
        )
        return self._way_out(self.lines.get(form.get("To", "")), form).unavailable()

    def note_status(self, form: Mapping[str, str]) -> None:
        """Take note of a status callback; they come late, twice and out of order."""
        log.info(
            "call status",
            extra={"call_sid": form.get("CallSid", ""), "status": form.get("CallStatus", "")},
        )
        if form.get("CallStatus") in ("completed", "busy", "failed", "no-answer", "canceled"):
            self._expire(form.get("CallSid", ""))

    async def attend(self, leg: Leg) -> None:
        """Carry one media stream from its first frame to the end; the leg is closed after it."""
        stream = Stream()
        try:
            admitted = await self._admit(leg, stream)
            if admitted is not None:
                await self._carry(admitted, leg, stream)
        finally:
            with suppress(TimeoutError):
                # A peer that takes no frames takes no goodbye either.
                async with asyncio.timeout(CLOSE_S):
                    await leg.close()

    async def close(self) -> None:
        """Let go of calls whose streams never came."""
        for sid in list(self._expected):
            self._expire(sid)
        if self._closing:
            await asyncio.wait(self._closing, timeout=5)

    async def _admit(self, leg: Leg, stream: Stream) -> _Prepared | None:
        """Return the call that this stream belongs to, or None when it belongs to none."""
        try:
            async with asyncio.timeout(START_S):
                start = await _first_start(leg, stream)
        except TimeoutError:
            log.warning("stream refused", extra={"reason": f"no start within {START_S} s"})
            self.metrics.stream_refused("no_start")
            return None
        except ProtocolError as exc:
            log.warning("stream refused", extra={"reason": str(exc)})
            self.metrics.stream_refused("not_understood")
            return None
        if start is None:
            return None
        sid = start.call_sid
        token = start.custom_parameters.get("token", "")
        claims = await self._tokens.redeem(token, sid, now=self._clock.epoch())
        if isinstance(claims, str):
            log.warning("stream refused", extra={"call_sid": sid, "reason": claims})
            self.metrics.stream_refused("bad_token")
            return None
        expected = self._expected.pop(sid, None)
        if expected is not None:
            expected.expiry.cancel()
            return expected.prepared
        # The webhook reached another process, or the stream came too late for what it prepared.
        line = self.lines.choose(claims.called, claims.caller, sid)
        if line is None:
            self.metrics.stream_refused("not_expected")
            log.warning(
                "stream refused", extra={"call_sid": sid, "reason": "nobody owns the number"}
            )
            return None
        request = CallRequest(sid, start.account_sid, claims.caller, line)
        return _Prepared(request, *self._prepare(request))

    def _prepare(self, request: CallRequest) -> tuple[AttendedCall, asyncio.Task[None]]:
        call = self._make_call(request)
        return call, asyncio.create_task(call.prepare(), name=f"prepare {request.call_sid}")

    async def _carry(self, prepared: _Prepared, leg: Leg, stream: Stream) -> None:
        request, call = prepared.request, prepared.call
        sid = request.call_sid
        self._running[sid] = request
        self.registry.talks(_registered(request, self._clock.now()), self._clock.now())
        try:
            await prepared.ready
            ending = await call.run(leg, stream)
            if ending is not None:
                # Before the stream is closed: then Twilio asks, and may ask another process.
                await self._endings.keep(sid, ending)
        except DialplanError as exc:
            # The stream closes, Twilio asks /twilio/after, and that says what the vertical wishes.
            log.error("call lost", extra={"call_sid": sid, "reason": str(exc)})
        except Exception:
            log.exception("call failed", extra={"call_sid": sid})
        finally:
            # A second stream of the same call may have taken the place.
            if self._running.get(sid) is request:
                del self._running[sid]
                self.registry.over(sid)
            prepared.ready.cancel()
            await call.discard()

    async def _may_begin(self, request: CallRequest) -> bool:
        """Whether one more call of this line may begin; it counts from now on when it may."""
        if self._busy(request.line):
            return False  # the others' calls can only add to it
        most = request.line.vertical.vertical.limits.concurrent_calls
        granted = await self.registry.claim(_registered(request, self._clock.now()), most)
        if granted is not None:
            return granted
        if self._busy(request.line):
            self.registry.over(request.call_sid)
            return False
        return True

    def _busy(self, line: Line) -> bool:
        limit = line.vertical.vertical.limits.concurrent_calls
        expected = (one.prepared.request for one in self._expected.values())
        requests = [*self._running.values(), *expected]
        mine = (line.tenant, line.vertical.vertical.name)
        up = sum((r.line.tenant, r.line.vertical.vertical.name) == mine for r in requests)
        return up >= limit

    def _expire(self, call_sid: str) -> None:
        expected = self._expected.pop(call_sid, None)
        if expected is None:
            return
        expected.expiry.cancel()
        self.registry.over(call_sid)
        expected.prepared.ready.cancel()
        closing = asyncio.create_task(_let_go(expected.prepared), name=f"discard {call_sid}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _way_out(self, line: Line | None, form: Mapping[str, str]) -> WayOut:
        return way_out(
            line,
            self._url("after"),
            call_sid=form.get("CallSid", ""),
            caller=form.get("From", ""),
            now=self._clock.now,
        )

    def _url(self, path: str) -> str:
        return f"{self._public}/twilio/{path}"


def _registered(request: CallRequest, now: datetime) -> RunningCall:
    line = request.line
    return RunningCall(
        call_sid=request.call_sid,
        tenant=line.tenant,
        vertical=line.vertical.vertical.name,
        version=line.vertical.version,
        caller=request.caller,
        called=line.number,
        since=now,
        talking=False,
    )


async def _let_go(prepared: _Prepared) -> None:
    with suppress(asyncio.CancelledError, Exception):
        await prepared.ready
    await prepared.call.discard()


async def _first_start(leg: Leg, stream: Stream) -> Start | None:
    for _ in range(FRAMES_BEFORE_START):
        frame = await leg.receive()
        if frame is None:
            return None
        if isinstance(frame, bytes):
            stream.receive_binary(frame)
            continue
        for message in stream.receive_text(frame):
            if isinstance(message, Start):
                return message
    raise ProtocolError(f"no start among the first {FRAMES_BEFORE_START} frames")
