"""Twilio's end of one call: signed webhook, media socket, frames at their pace, marks when played.

Follows "Media Streams - WebSocket Messages". Lean on purpose: hundreds of these share a core.
"""

from __future__ import annotations

import secrets
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections import deque
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from dialplan.emulators.bench.call import BYTES_PER_S, FRAME_S, Call, Recorder
from dialplan.emulators.bench.pacer import Pacer
from dialplan.emulators.twilio.documents import TwimlFault
from dialplan.emulators.twilio.documents import read as read_twiml
from dialplan.emulators.twilio.webhooks import Params, WebhookFailed, Webhooks
from dialplan.emulators.twilio.wire import (
    ClearAudio,
    Fault,
    PlayAudio,
    QueueMark,
    Writer,
    read,
)
from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.signature import sign

ACCOUNT: Final = "AC" + "b" * 32
CALLED: Final = "+15550100000"
_TAIL: Final = b'"}}'


class Leg(WSListener):
    """The media socket of one call."""

    def __init__(self, call: Call, writer: Writer, sid: str, pacer: Pacer, note: Recorder) -> None:
        self._call = call
        self._writer = writer
        self._sid = sid
        self._pacer = pacer
        self._note = note
        self._head = f'{{"event":"media","streamSid":"{sid}","media":{{"payload":"'.encode()
        self._transport: WSTransport | None = None
        self._began = 0.0
        self._due = 0.0
        self._played_at = 0.0
        self._marks: deque[tuple[float, str]] = deque()
        self.hung_up = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Describe the stream, and begin to send the caller's audio."""
        self._transport = transport
        self._send(self._writer.connected())
        self._send(self._writer.start())
        self._began = perf_counter()
        self._due = self._call.next_slot(self._began, FRAME_S)
        self._pacer.at(self._due, self._speak)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take what the server sends; audio by the shortest way."""
        now = perf_counter()
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
            return
        if frame.msg_type != WSMsgType.TEXT or not frame.fin:
            self._note.fault("leg: not a whole text frame")
            return
        data = frame.get_payload_as_bytes()
        if data.startswith(self._head) and data.endswith(_TAIL):
            try:
                audio = a2b_base64(data[len(self._head) : -len(_TAIL)])
            except NotBase64:
                self._note.fault("leg: payload is not base64")
                return
            self._play(audio, now)
            return
        match read(data.decode(), self._sid):
            case PlayAudio(audio):
                self._play(audio, now)
            case QueueMark(name):
                self._mark(name, now)
            case ClearAudio():
                self._clear(now)
            case Fault(message):
                self._note.fault(f"leg: {message}")

    @property
    def gone(self) -> bool:
        """Whether the socket is closed."""
        return self._transport is None

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Stop; a server that closes while the call is up has lost it."""
        self._transport = None
        if not self.hung_up:
            self._note.fault("leg: closed by the server")

    def hang_up(self) -> None:
        """End the call as a caller does."""
        self.hung_up = True
        if self._transport is not None:
            self._send(self._writer.stop())
            self._transport.disconnect()

    def _speak(self) -> None:
        call = self._call
        if self._transport is None or not call.talking:
            return
        number = len(call.up_sent)
        audio = call.up_sound.unit(number)
        message = self._writer.media(audio, number * 20)
        call.up_sent.append(perf_counter())
        self._send(message)
        self._due += FRAME_S
        self._pacer.at(self._due, self._speak)

    def _play(self, audio: bytes, now: float) -> None:
        self._call.arrived_down(audio, now)
        self._played_at = max(self._played_at, now) + len(audio) / BYTES_PER_S

    def _mark(self, name: str, now: float) -> None:
        if self._played_at <= now and not self._marks:
            self._send(self._writer.mark(name))
            return
        self._marks.append((self._played_at, name))
        self._pacer.at(self._played_at, self._return_marks)

    def _return_marks(self) -> None:
        now = perf_counter()
        while self._marks and self._marks[0][0] <= now:
            self._send(self._writer.mark(self._marks.popleft()[1]))

    def _clear(self, now: float) -> None:
        """Drop what is to be played; all marks come back at once, as Twilio's do."""
        self._played_at = now
        while self._marks:
            self._send(self._writer.mark(self._marks.popleft()[1]))

    def _send(self, text: str) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, text.encode())


def new_leg(
    call: Call, call_sid: str, parameters: Mapping[str, str], pacer: Pacer, note: Recorder
) -> Leg:
    """Return the leg of a new stream."""
    sid = "MZ" + secrets.token_hex(16)
    writer = Writer(
        stream_sid=sid,
        call_sid=call_sid,
        account_sid=ACCOUNT,
        parameters=parameters,
        jitter_ms=lambda: 0,
    )
    return Leg(call, writer, sid, pacer, note)


async def open_stream(leg: Leg, url: str, headers: Mapping[str, str]) -> None:
    """Open a leg's media socket. Raises ProtocolError when nobody takes it."""
    try:
        await ws_connect(lambda: leg, url, extra_headers=dict(headers))
    except (WSError, OSError) as error:
        raise ProtocolError(f"the media socket: {type(error).__name__}: {error}") from error


class Phone:
    """Rings the server as Twilio does, with one account's token."""

    def __init__(
        self, webhooks: Webhooks, *, origin: str, token: str, pacer: Pacer, note: Recorder
    ) -> None:
        self._webhooks = webhooks
        self._origin = origin
        self._token = token
        self._pacer = pacer
        self._note = note

    async def ring(self, call: Call) -> RungCall:
        """Ring, and open the stream that the answer asks for.

        Raises:
            ProtocolError: the webhook was not answered with a stream, or that cannot be opened.
        """
        call_sid = "CA" + secrets.token_hex(16)
        call.asked_at = perf_counter()
        url, parameters = await self._ask(call_sid, call)
        leg = new_leg(call, call_sid, parameters, self._pacer, self._note)
        await open_stream(leg, url, {"X-Twilio-Signature": sign(self._token, url, ())})
        return RungCall(call, leg, call_sid)

    async def hang_up(self, rung: RungCall) -> None:
        """End a call, and tell the server what Twilio tells it then."""
        rung.leg.hang_up()
        form = _form(rung.call_sid, rung.call, "completed")
        try:
            await self._webhooks.fetch(f"{self._origin}/twilio/after", form)
            await self._webhooks.fetch(f"{self._origin}/twilio/status", form)
        except WebhookFailed as error:
            self._note.fault(f"webhook: {error}")

    async def _ask(self, call_sid: str, call: Call) -> tuple[str, dict[str, str]]:
        try:
            answer = await self._webhooks.fetch(
                f"{self._origin}/twilio/voice", _form(call_sid, call, "ringing")
            )
            verbs = read_twiml(answer.body.decode())
        except (WebhookFailed, TwimlFault) as error:
            raise ProtocolError(f"the voice webhook: {error}") from error
        for verb in verbs:
            for noun in verb.nouns:
                if verb.name == "Connect" and noun.name == "Stream":
                    names = {one.attributes["name"]: one.attributes["value"] for one in noun.nouns}
                    return noun.attributes["url"], names
        raise ProtocolError("the voice webhook: expected a stream to connect to in the answer")


class RungCall:
    """A call that is up."""

    def __init__(self, call: Call, leg: Leg, call_sid: str) -> None:
        self.call = call
        self.leg = leg
        self.call_sid = call_sid


def _form(call_sid: str, call: Call, status: str) -> Params:
    return (
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", call_sid),
        ("CallStatus", status),
        ("Called", CALLED),
        ("Caller", call.number),
        ("Direction", "inbound"),
        ("From", call.number),
        ("To", CALLED),
    )
