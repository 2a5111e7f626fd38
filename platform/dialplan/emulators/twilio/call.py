"""The life of one emulated call: asked for TwiML, answered, redirected, ended.

What a verb does is in `verbs`; this module decides which document runs, and when it is over.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import quote

import orjson

from dialplan.emulators.speech.ports import Voice
from dialplan.emulators.twilio import documents
from dialplan.emulators.twilio.caller import Caller
from dialplan.emulators.twilio.clock import Clock
from dialplan.emulators.twilio.documents import TwimlFault, Verb
from dialplan.emulators.twilio.line import PhoneLine
from dialplan.emulators.twilio.record import (
    Answered,
    CallRecord,
    CarrierEvent,
    DestinationBehaviour,
    Document,
    DocumentReceived,
    Ended,
    Notification,
    Notified,
    NumberConfig,
    OnEvent,
    RecordingTaken,
)
from dialplan.emulators.twilio.webhooks import WebhookFailed, Webhooks, absolute

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."

Perform = Callable[["LiveCall", Verb, "Script"], Awaitable["Script | None"]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the calls of one account share."""

    account_sid: str
    auth_token: str
    numbers: Mapping[str, NumberConfig]
    destinations: Mapping[str, DestinationBehaviour]
    webhooks: Webhooks
    voice: Voice
    clock: Clock
    resolve: Callable[[str], str]
    recordings: dict[str, RecordingTaken]
    rest_url: str

    def new_sid(self, prefix: str) -> str:
        """Return a fresh identifier: the prefix and 32 hex digits."""
        return prefix + secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed document. `url` is empty when it came by REST: then nothing may be relative."""

    url: str
    verbs: tuple[Verb, ...]


class HangUp(Exception):
    """The document ends the call now; `status` is the call's final status."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class LiveCall:
    """One call. `run` it once; `hang_up` and `redirect` may be called from elsewhere meanwhile."""

    def __init__(
        self,
        exchange: Exchange,
        record: CallRecord,
        caller: Caller,
        perform: Perform,
        *,
        fallback_url: str | None,
        status_callback: str | None,
        status_events: frozenset[str] = frozenset({"completed"}),
        on_event: OnEvent | None = None,
        limit_s: float = 300.0,
        real_time: bool = False,
    ) -> None:
        self.exchange = exchange
        self.record = record
        self.line: PhoneLine | None = None
        self.tasks = asyncio.TaskGroup()
        self._caller = caller
        self._perform = perform
        self._fallback_url = fallback_url
        self._status_callback = status_callback
        self._status_events = status_events
        self._status_sequence = 0
        self._on_event = on_event
        self._limit_s = limit_s
        self._real_time = real_time
        self._current: asyncio.Task[None] | None = None
        self._redirection: Callable[[], Awaitable[Script]] | None = None
        self._line_task: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._call_token = _call_token()

    async def run(self, begin: Callable[[], Awaitable[Script]]) -> None:
        """Live the call from its first document to its last status callback."""
        limit = asyncio.get_running_loop().call_later(self._limit_s, self.hang_up, "limit")
        try:
            async with self.tasks:
                try:
                    await self._run_programs(begin)
                finally:
                    self._end()
                await self.report_status("completed")
        finally:
            limit.cancel()
        self.emit(Ended(self.record.call_sid, self.record.status))

    def hang_up(self, ended_by: str) -> None:
        """End the call; a second time does nothing."""
        if not self.record.ended_by:
            self.record.ended_by = ended_by
            self._interrupt()

    def callee_leaves_after(self, seconds: float) -> None:
        """Let the one who answered an outbound call put the phone down after this long."""

        async def leave() -> None:
            await self.exchange.clock.sleep(seconds)
            self.hang_up("caller")

        self._leaving = self.tasks.create_task(leave())

    def redirect(self, fetch: Callable[[], Awaitable[Script]]) -> None:
        """Stop what the call is doing and go on with another document."""
        self._redirection = fetch
        self._interrupt()

    def answer(self) -> PhoneLine:
        """Return the line, answering the call if it rings."""
        if self.line is None:
            self.record.status = "in-progress"
            self.line = PhoneLine(
                self._caller,
                self.exchange.clock,
                lambda: self.hang_up("caller"),
                real_time=self._real_time,
            )
            self._line_task = self.tasks.create_task(self.line.run())
            self.emit(Answered(self.record.call_sid))
        return self.line

    def emit(self, event: CarrierEvent) -> None:
        """Tell whoever watches."""
        if self._on_event:
            self._on_event(event)

    def notify(self, notification: Notification) -> None:
        """Log as Twilio's debugger would."""
        self.record.notifications.append(notification)
        self.emit(Notified(self.record.call_sid, notification))

    def read(self, url: str, text: str) -> Script:
        """Parse a document the call was given; raises TwimlFault."""
        document = Document(url, text)
        self.record.documents.append(document)
        self.emit(DocumentReceived(self.record.call_sid, document))
        return Script(url, documents.read(text))

    async def fetch(
        self,
        url: str,
        extra: Mapping[str, str] | None = None,
        *,
        base: str = "",
        method: str = "POST",
    ) -> Script:
        """Ask a URL for the next document; its fallback if that fails; else apologise and end."""
        try:
            url = absolute(base, url)
            return await self._ask(url, extra or {}, method)
        except (WebhookFailed, TwimlFault) as fault:
            self.notify(Notification(fault.code, "error", str(fault)))
            if self._fallback_url is None:
                return _apology()
            failed = {
                **(extra or {}),
                "ErrorCode": str(fault.code),
                "ErrorUrl": url,
            }
        try:
            return await self._ask(self._fallback_url, failed, "POST")
        except (WebhookFailed, TwimlFault) as fault:
            self.notify(Notification(fault.code, "error", str(fault)))
            return _apology()

    async def report(self, url: str, extra: Mapping[str, str], *, base: str = "") -> None:
        """Post a status callback; anything but 2xx is a warning (15003)."""
        try:
            await self.exchange.webhooks.fetch(absolute(base, url), self.params(extra))
        except WebhookFailed as fault:
            self.notify(Notification(15003, "warning", f"status callback failed: {fault}"))

    async def report_status(self, event: str) -> None:
        """Post the call's status, if this event was asked for."""
        sequence, self._status_sequence = self._status_sequence, self._status_sequence + 1
        if self._status_callback is None or event not in self._status_events:
            return
        extra = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(self.exchange.clock.today()),
        }
        if event == "initiated":
            extra["CallStatus"] = event
        if event == "completed":
            extra["CallDuration"] = str(self.record.duration_s)
            extra["Duration"] = str(-(-self.record.duration_s // 60))
        await self.report(self._status_callback, extra)

    def params(self, extra: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the form of a webhook: blanks included, as real ones are."""
        record = self.record
        form = {
            "AccountSid": self.exchange.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": record.call_sid,
            "CallStatus": record.status,
            "Called": record.to,
            "Caller": record.from_,
            "Direction": record.direction,
            "From": record.from_,
            "To": record.to,
        }
        for side, number in (
            ("From", record.from_),
            ("To", record.to),
            ("Caller", record.from_),
            ("Called", record.to),
        ):
            form |= {f"{side}City": "", f"{side}State": "", f"{side}Zip": ""}
            form[f"{side}Country"] = "US" if number.startswith("+1") else ""
        if record.direction == "inbound":
            form |= {"CallToken": self._call_token, "StirVerstat": "TN-Validation-Passed-A"}
        return list({**form, **extra}.items())

    async def _run_programs(self, begin: Callable[[], Awaitable[Script]]) -> None:
        fetch: Callable[[], Awaitable[Script]] | None = begin
        while fetch is not None and not self.record.ended_by:
            self._current = self.tasks.create_task(self._follow(fetch))
            await asyncio.wait({self._current})
            if not self._current.cancelled() and self._current.exception():
                return
            fetch, self._redirection = self._redirection, None

    async def _follow(self, fetch: Callable[[], Awaitable[Script]]) -> None:
        try:
            script: Script | None = await fetch()
            while script is not None:
                script = await self._run_script(script)
            # The end of the document ends the call, and answers one that nobody answered.
            self.answer()
        except HangUp as end:
            self.record.status = end.status
            self._redirection = None

    async def _run_script(self, script: Script) -> Script | None:
        for verb in script.verbs:
            following = await self._perform(self, verb, script)
            if following is not None:
                return following
        return None

    async def _ask(self, url: str, extra: Mapping[str, str], method: str) -> Script:
        answer = await self.exchange.webhooks.fetch(url, self.params(extra), method)
        kind = answer.content_type.partition(";")[0].strip().lower()
        if kind not in ("text/xml", "application/xml"):
            raise WebhookFailed(12300, answer.url, f"content type is `{kind}`, not text/xml")
        return self.read(answer.url, answer.body.decode("utf-8", "replace"))

    def _interrupt(self) -> None:
        # A second cancel would break into the clean-up that the first one began.
        if self._current and not self._current.done() and not self._current.cancelling():
            self._current.cancel()

    def _end(self) -> None:
        record = self.record
        record.ended_by = record.ended_by or "document"
        for task in (self._line_task, self._leaving):
            if task is not None:
                task.cancel()
        if record.status == "in-progress":
            record.status = "completed"
        elif record.status in ("queued", "ringing"):
            record.status = "canceled" if record.direction != "inbound" else "no-answer"
        if self.line is not None:
            record.duration_s = round(self.line.now_ms / 1000)
            record.caller_audio = bytes(self.line.caller_audio)
            record.agent_audio = bytes(self.line.agent_audio)
            record.digits = self.line.digits


def _apology() -> Script:
    return Script("", (Verb("Say", APPLICATION_ERROR, {}, ()), Verb("Hangup", "", {}, ())))


def _call_token() -> str:
    """Return what `CallToken` looks like: JSON around a JWT, percent-encoded in its value."""

    def part(content: object) -> str:
        return urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()

    jwt = (part({"alg": "ES256"}), part({"jti": secrets.token_hex(8)}), secrets.token_urlsafe(64))
    token = {"parentCallInfoToken": ".".join(jwt), "identityHeaderTokens": []}
    return quote(orjson.dumps(token).decode(), safe="")
