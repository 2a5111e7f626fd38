"""The REST API of an emulated account: calls, messages, recordings, notifications.

Answers in the shapes and with the error codes of Twilio's API version 2010-04-01. It decides
nothing about calls: it hands them over to `Account`.
"""

from __future__ import annotations

import hmac
import io
import re
import wave
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.emulators.twilio.call import LiveCall, Script
from dialplan.emulators.twilio.clock import Clock
from dialplan.emulators.twilio.documents import TwimlFault, Verb, read
from dialplan.emulators.twilio.record import RecordingTaken
from dialplan.emulators.twilio.resources import (
    LIVE,
    Refused,
    SentMessage,
    call_resource,
    message_resource,
    notification_resource,
    page,
    recording_resource,
    refusal,
)
from dialplan.errors import ProtocolError
from dialplan.protocols.audio import decode
from dialplan.protocols.twilio.signature import parse_form

MAX_BODY_CHARS = 1600
MAX_TWIML_CHARS = 4000
RING_S = 60
MAX_RING_S = 600
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class CallRequest:
    """An outbound call the account was asked to make; one of `url` and `twiml` is set."""

    to: str
    from_: str
    url: str | None
    twiml: str | None
    timeout_s: int
    fallback_url: str | None
    status_callback: str | None
    status_events: frozenset[str]


class Account(Protocol):
    """What the API works on."""

    account_sid: str
    numbers: Mapping[str, Any]
    credentials: Mapping[str, str]
    clock: Clock
    calls: dict[str, LiveCall]
    messages: list[SentMessage]
    recordings: dict[str, RecordingTaken]

    def new_sid(self, prefix: str) -> str:
        """Return a fresh identifier."""
        ...

    def start_call(self, request: CallRequest) -> LiveCall:
        """Make an outbound call; return at once."""
        ...


Form = Sequence[tuple[str, str]]


def build_api(account: Account) -> Starlette:
    """Return the ASGI application of one account."""
    api = _Api(account)
    root = "/2010-04-01/Accounts/{account}"
    routes = (
        ("/Calls.json", api.create_call, "POST"),
        ("/Calls.json", api.list_calls, "GET"),
        ("/Calls/{sid}.json", api.update_call, "POST"),
        ("/Calls/{sid}.json", api.get_call, "GET"),
        ("/Calls/{sid}/Notifications.json", api.list_notifications, "GET"),
        ("/Messages.json", api.create_message, "POST"),
        ("/Messages.json", api.list_messages, "GET"),
        ("/Messages/{sid}.json", api.get_message, "GET"),
        ("/Recordings.json", api.list_recordings, "GET"),
        ("/Recordings/{sid}.json", api.get_recording, "GET"),
        ("/Recordings/{sid}.wav", api.get_audio, "GET"),
        ("/Recordings/{sid}.json", api.delete_recording, "DELETE"),
    )
    return Starlette(
        routes=[
            Route(root + path, api.guarded(endpoint), methods=[method])
            for path, endpoint, method in routes
        ],
        exception_handlers={404: _not_found},
    )


class _Api:
    def __init__(self, account: Account) -> None:
        self._account = account

    def guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await endpoint(request)
            except Refused as refused:
                return refusal(refused)
            except ProtocolError as error:
                return refusal(Refused(400, 20001, str(error)))

        return handle

    async def create_call(self, request: Request) -> Response:
        form = _Fields(parse_form(await request.body()))
        to, from_ = self._parties(form, missing_to=21201, missing_from=21213)
        if not _NUMBER.fullmatch(to):
            raise Refused(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if from_ not in self._account.numbers:
            raise Refused(400, 21210, f"The source phone number {from_} is not verified.")
        url, twiml = form.get("Url"), form.get("Twiml")
        if url is None and twiml is None:
            raise Refused(400, 21205, "Url parameter is required.")
        if url is not None and not url.startswith(("http://", "https://")):
            raise Refused(400, 21205, f"Url is not a valid URL: {url}")
        call = self._account.start_call(
            CallRequest(
                to=to,
                from_=from_,
                url=url,
                twiml=None if url is not None else twiml,
                timeout_s=_timeout(form.get("Timeout")),
                fallback_url=form.get("FallbackUrl"),
                status_callback=form.get("StatusCallback"),
                status_events=frozenset(form.all("StatusCallbackEvent") or ["completed"]),
            )
        )
        return JSONResponse(call_resource(self._account.account_sid, call.record), 201)

    async def update_call(self, request: Request) -> Response:
        call = self._find_call(request)
        form = _Fields(parse_form(await request.body()))
        status, url, twiml = form.get("Status"), form.get("Url"), form.get("Twiml")
        if call.record.status not in LIVE or call.record.ended_by:
            raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
        if url is not None or twiml is not None:
            if call.record.status != "in-progress":
                raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
            self._redirect(call, url, twiml)
        elif status == "completed" or (status == "canceled" and call.line is None):
            call.hang_up("rest")
        elif status != "canceled":
            raise Refused(400, 21218, "Status is not one of canceled, completed.")
        return JSONResponse(call_resource(self._account.account_sid, call.record))

    def _redirect(self, call: LiveCall, url: str | None, twiml: str | None) -> None:
        if url is not None:
            if not url.startswith(("http://", "https://")):
                raise Refused(400, 21205, f"Url is not a valid URL: {url}")
            call.redirect(lambda: call.fetch(url))
            return
        text = twiml or ""
        if len(text) > MAX_TWIML_CHARS:
            raise Refused(400, 21240, f"Twiml has more than {MAX_TWIML_CHARS} characters.")
        try:
            verbs = read(text)
        except TwimlFault as fault:
            raise Refused(400, fault.code, str(fault)) from fault
        if any(_relative(verb) for verb in verbs):
            raise Refused(400, 15004, "Relative action URLs are not allowed in Twiml.")

        async def script() -> Script:
            return call.read("", text)

        call.redirect(script)

    async def get_call(self, request: Request) -> Response:
        record = self._find_call(request).record
        return JSONResponse(call_resource(self._account.account_sid, record))

    async def list_calls(self, request: Request) -> Response:
        return page(
            request.url.path,
            "calls",
            [
                call_resource(self._account.account_sid, call.record)
                for call in self._account.calls.values()
            ],
        )

    async def list_notifications(self, request: Request) -> Response:
        call = self._find_call(request)
        entries = [
            notification_resource(self._account.account_sid, call.record.call_sid, notification)
            for notification in call.record.notifications
        ]
        return page(request.url.path, "notifications", entries)

    async def create_message(self, request: Request) -> Response:
        form = _Fields(parse_form(await request.body()))
        to, from_ = self._parties(form, missing_to=21604, missing_from=21603)
        body = form.get("Body") or ""
        if not _NUMBER.fullmatch(to):
            raise Refused(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if from_ not in self._account.numbers:
            raise Refused(400, 21606, f"The 'From' phone number {from_} is not yours.")
        if not body:
            raise Refused(400, 21602, "Message body is required.")
        if len(body) > MAX_BODY_CHARS:
            raise Refused(400, 21617, f"The message body exceeds {MAX_BODY_CHARS} characters.")
        message = SentMessage(
            self._account.new_sid("SM"),
            to,
            from_,
            body,
            format_datetime(self._account.clock.today()),
        )
        self._account.messages.append(message)
        return JSONResponse(message_resource(self._account.account_sid, message), 201)

    async def list_messages(self, request: Request) -> Response:
        entries = [
            message_resource(self._account.account_sid, message)
            for message in self._account.messages
        ]
        return page(request.url.path, "messages", entries)

    async def get_message(self, request: Request) -> Response:
        for message in self._account.messages:
            if message.sid == request.path_params["sid"]:
                return JSONResponse(message_resource(self._account.account_sid, message))
        raise _missing(request)

    async def list_recordings(self, request: Request) -> Response:
        of_call = request.query_params.get("CallSid")
        entries = [
            recording_resource(self._account.account_sid, recording)
            for recording in self._account.recordings.values()
            if of_call in (None, recording.call_sid)
        ]
        return page(request.url.path, "recordings", entries)

    async def get_recording(self, request: Request) -> Response:
        recording = self._find_recording(request)
        return JSONResponse(recording_resource(self._account.account_sid, recording))

    async def get_audio(self, request: Request) -> Response:
        recording = self._find_recording(request)
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(decode(recording.audio))
        return Response(content.getvalue(), media_type="audio/x-wav")

    async def delete_recording(self, request: Request) -> Response:
        recording = self._find_recording(request)
        del self._account.recordings[recording.sid]
        return Response(status_code=204)

    def _authenticate(self, request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = b64decode(encoded).decode().partition(":")
        except ValueError:
            user = password = ""
        expected = self._account.credentials.get(user)
        if (
            scheme.lower() != "basic"
            or expected is None
            or not hmac.compare_digest(expected.encode(), password.encode())
        ):
            raise Refused(401, 20003, "Authenticate")
        if request.path_params["account"] != self._account.account_sid:
            raise _missing(request)

    def _parties(self, form: _Fields, *, missing_to: int, missing_from: int) -> tuple[str, str]:
        to, from_ = form.get("To"), form.get("From")
        if not to:
            raise Refused(400, missing_to, "A 'To' phone number is required.")
        if not from_:
            raise Refused(400, missing_from, "A 'From' phone number is required.")
        return to, from_

    def _find_call(self, request: Request) -> LiveCall:
        call = self._account.calls.get(request.path_params["sid"])
        if call is None:
            raise _missing(request)
        return call

    def _find_recording(self, request: Request) -> RecordingTaken:
        recording = self._account.recordings.get(request.path_params["sid"])
        if recording is None:
            raise _missing(request)
        return recording


class _Fields:
    """A form where a key may be repeated: arrays are."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def get(self, name: str) -> str | None:
        return next((value for key, value in self._form if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._form if key == name]


def _timeout(value: str | None) -> int:
    if value is None:
        return RING_S
    if not (value.isascii() and value.isdigit() and int(value) <= MAX_RING_S):
        raise Refused(400, 20001, f"Timeout is not a whole number up to {MAX_RING_S}.")
    return int(value)


def _relative(verb: Verb) -> bool:
    action = verb.attributes.get("action")
    return action is not None and not action.startswith(("http://", "https://"))


async def _not_found(request: Request, error: Exception) -> Response:
    return refusal(_missing(request))


def _missing(request: Request) -> Refused:
    return Refused(404, 20404, f"The requested resource {request.url.path} was not found")
