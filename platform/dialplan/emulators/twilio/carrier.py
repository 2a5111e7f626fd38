"""An emulated Twilio account on loopback: it calls, follows TwiML, streams, and serves REST.

A peer for tests and for the phone on the desk. It shares no code with the product's own idea of a
call, and it cannot be told to leave out signatures.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Self

import httpx
import uvicorn

from dialplan.emulators.speech.ports import Voice
from dialplan.emulators.twilio.call import Exchange, HangUp, LiveCall, Script
from dialplan.emulators.twilio.caller import Caller, Line, ScriptedCaller
from dialplan.emulators.twilio.clock import Clock, SystemClock
from dialplan.emulators.twilio.record import (
    CallRecord,
    DestinationBehaviour,
    NumberConfig,
    OnEvent,
    RecordingTaken,
    Ringing,
)
from dialplan.emulators.twilio.resources import SentMessage
from dialplan.emulators.twilio.rest import CallRequest, build_api
from dialplan.emulators.twilio.verbs import perform
from dialplan.emulators.twilio.webhooks import Webhooks
from dialplan.tools.trust import trusted
from dialplan.web.serving import QuietServer

START_TIMEOUT_S = 10.0


class Carrier:
    """One account; use it as an async context manager.

    Args:
        account_sid: `AC...`.
        auth_token: signs webhooks, and is the REST password of the account SID.
        voice: speaks `<Say>`, and what dialled people say.
        numbers: the account's numbers and whom each one asks.
        destinations: how numbers outside the account behave when they are rung.
        api_keys: further REST credentials, SID to secret.
        resolve: maps a public URL to the one really connected to; signatures are made over the
            public one.
        clock: the carrier's time.

    Attributes:
        rest_url: base URL of the REST API, once entered.
        messages: text messages sent so far.
        calls: every call by its SID.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        voice: Voice,
        numbers: Mapping[str, NumberConfig],
        destinations: Mapping[str, DestinationBehaviour] | None = None,
        api_keys: Mapping[str, str] | None = None,
        resolve: Callable[[str], str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.numbers = numbers
        self.credentials: Mapping[str, str] = {account_sid: auth_token, **(api_keys or {})}
        self.clock = clock or SystemClock()
        self.rest_url = ""
        self.calls: dict[str, LiveCall] = {}
        self.messages: list[SentMessage] = []
        self.recordings: dict[str, RecordingTaken] = {}
        self._auth_token = auth_token
        self._voice = voice
        self._destinations = destinations or {}
        self._resolve = resolve or (lambda url: url)
        self._stack = contextlib.AsyncExitStack()
        self._exchange: Exchange | None = None
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Start the REST API on a free loopback port."""
        async with contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                httpx.AsyncClient(verify=trusted(), trust_env=False)
            )
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            self.rest_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            await stack.enter_async_context(self._serving(listener))
            self._exchange = Exchange(
                account_sid=self.account_sid,
                auth_token=self._auth_token,
                numbers=self.numbers,
                destinations=self._destinations,
                webhooks=Webhooks(client, self._auth_token, self._resolve),
                voice=self._voice,
                clock=self.clock,
                resolve=self._resolve,
                recordings=self.recordings,
                rest_url=self.rest_url,
            )
            await stack.enter_async_context(self._tasks)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the calls made over REST, and stop serving."""
        for call in self.calls.values():
            call.hang_up("rest")
        await self._stack.__aexit__(kind, error, traceback)

    def new_sid(self, prefix: str) -> str:
        """Return a fresh identifier: the prefix and 32 hex digits."""
        return self._running().new_sid(prefix)

    async def place(
        self,
        *,
        to: str,
        from_: str,
        caller: Caller,
        on_event: OnEvent | None = None,
        limit_s: float = 300.0,
        real_time: bool = False,
    ) -> CallRecord:
        """Let a caller ring one of the account's numbers; return when the call is over.

        `real_time` is for somebody whose time goes on while this process stands still.

        Raises:
            ValueError: `to` is not a number of this account.
        """
        exchange = self._running()
        number = self.numbers.get(to)
        if number is None:
            raise ValueError(f"expected a number of this account, got `{to}`: add it to `numbers`")
        record = CallRecord(exchange.new_sid("CA"), to, from_)
        call = LiveCall(
            exchange,
            record,
            caller,
            perform,
            fallback_url=number.fallback_url,
            status_callback=number.status_callback,
            on_event=on_event,
            limit_s=limit_s,
            real_time=real_time,
        )
        self.calls[record.call_sid] = call
        call.emit(Ringing(record.call_sid))
        await call.run(lambda: call.fetch(number.voice_url))
        return record

    def start_call(self, request: CallRequest) -> LiveCall:
        """Make an outbound call in the background; the destination behaves as it was set up to."""
        exchange = self._running()
        behaviour = self._destinations.get(request.to, DestinationBehaviour("failed", after_s=0.0))
        record = CallRecord(
            exchange.new_sid("CA"), request.to, request.from_, "outbound-api", status="queued"
        )
        lines = (Line(behaviour.says),) if behaviour.says else ()
        callee = ScriptedCaller(
            lines, self._voice, patience_ms=300, max_wait_ms=500, hangs_up=False
        )
        call = LiveCall(
            exchange,
            record,
            callee,
            perform,
            fallback_url=request.fallback_url,
            status_callback=request.status_callback,
            status_events=request.status_events,
        )
        self.calls[record.call_sid] = call
        self._tasks.create_task(call.run(lambda: _ring(call, callee, behaviour, request)))
        return call

    def _running(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("the carrier is not running: enter it with `async with`")
        return self._exchange

    @contextlib.asynccontextmanager
    async def _serving(self, listener: socket.socket) -> AsyncIterator[None]:
        server = QuietServer(
            uvicorn.Config(
                build_api(self),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=2,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            async with asyncio.timeout(START_TIMEOUT_S):
                await server.listening.wait()
            try:
                yield
            finally:
                server.should_exit = True


async def _ring(
    call: LiveCall, callee: ScriptedCaller, behaviour: DestinationBehaviour, request: CallRequest
) -> Script:
    """Ring the destination of an outbound call; return its first document once it answers."""
    await call.report_status("initiated")
    call.record.status = "ringing"
    await call.report_status("ringing")
    await callee.prepare()
    answers = behaviour.outcome == "answer" and behaviour.after_s <= request.timeout_s
    unanswered = behaviour.outcome in ("answer", "no-answer")
    await call.exchange.clock.sleep(
        request.timeout_s if unanswered and not answers else behaviour.after_s
    )
    if not answers:
        raise HangUp("no-answer" if unanswered else behaviour.outcome)
    call.answer()
    call.callee_leaves_after(behaviour.talks_s)
    await call.report_status("answered")
    if request.url is not None:
        return await call.fetch(request.url)
    return call.read("", request.twiml or "")
