"""Twilio's requests against the real application: signature, routing, idempotency, tokens."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
import pytest

from dialplan.config.load import load_tenants, load_vertical
from dialplan.errors import StoreError
from dialplan.protocols.twilio.signature import sign
from dialplan.protocols.twilio.stream import Stream
from dialplan.runtime.attended import CallRequest, Ending, Leg
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Directory, build_lines
from dialplan.runtime.switchboard import Switchboard
from dialplan.runtime.tokens import StreamTokens
from dialplan.web.app import build_app

ORIGIN = "https://phone.example"
TOKEN = "t0ken"
NUMBER = "+15550100001"

VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
limits: {concurrent_calls: 2}
variables: {owner: {type: phone, default: "+15550100999"}}
when_unavailable: {say: "Sorry.", then: {dial: owner, timeout: 20s, else: voicemail}}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""


class IdleCall:
    """A call whose model is never reached; these tests end before any stream."""

    def __init__(self) -> None:
        self.discarded = False

    async def prepare(self) -> None: ...

    async def run(self, leg: Leg, stream: Stream) -> Ending | None:
        return None

    async def discard(self) -> None:
        self.discarded = True


class OneFrame:
    """A socket that says one thing and closes."""

    def __init__(self, frame: str) -> None:
        self._frames = [frame]

    async def receive(self) -> str | None:
        return self._frames.pop() if self._frames else None

    def listen(self, hear: Callable[[str | bytes | None], None]) -> None:
        hear(None)

    def send(self, *texts: str) -> None: ...

    @property
    def writable(self) -> bool:
        return True

    async def drained(self) -> None: ...

    async def close(self) -> None: ...


class Site:
    """The application in this process, and what a signed request to it takes."""

    def __init__(self, folder: Path, made: list[CallRequest]) -> None:
        (folder / "kiosk").mkdir()
        (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL)
        (folder / "tenants.yaml").write_text(
            f'tenants:\n  corner:\n    lines: {{"{NUMBER}": kiosk}}\n'
        )
        loaded = load_vertical(folder / "kiosk")
        tenants = load_tenants(folder / "tenants.yaml", [loaded.vertical])
        lines = build_lines(tenants, {"kiosk": loaded}, {}, account="AC1", token=TOKEN)

        def make_call(request: CallRequest) -> IdleCall:
            made.append(request)
            return IdleCall()

        self.switchboard = Switchboard(
            Directory(lines),
            make_call=make_call,
            tokens=StreamTokens(b"k" * 32),
            clock=Clock(),
            public_url=ORIGIN,
        )
        self.database_error: StoreError | None = None

        async def ping() -> None:
            if self.database_error is not None:
                raise self.database_error

        app = build_app(self.switchboard, [ORIGIN], ping=ping)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://10.0.0.7:8080"
        )

    async def post(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        *,
        url: str | None = None,
        headers: dict[str, str] | None = None,
        tamper: Sequence[tuple[str, str]] | None = None,
    ) -> httpx.Response:
        signature = sign(TOKEN, url or ORIGIN + path, params)
        body = urlencode(tamper or params)
        return await self.client.post(
            path,
            content=body,
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": signature,
                **(headers or {}),
            },
        )


def call(sid: str = "CA1", to: str = NUMBER, **more: str) -> list[tuple[str, str]]:
    fixed = [("CallSid", sid), ("AccountSid", "AC1"), ("From", "+15550107788"), ("To", to)]
    return [*fixed, *more.items()]


@pytest.fixture
def made() -> list[CallRequest]:
    return []


@pytest.fixture
def site(tmp_path: Path, made: list[CallRequest]) -> Site:
    return Site(tmp_path, made)


async def test_a_signed_call_is_connected_to_a_stream_with_a_verb_after_it(site: Site) -> None:
    answer = await site.post("/twilio/voice", call())

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert 'url="wss://phone.example/twilio/media"' in answer.text
    assert 'action="https://phone.example/twilio/after"' in answer.text
    assert re.search(r"</Connect><Say>", answer.text)
    await site.switchboard.close()


async def test_a_tampered_value_is_refused(site: Site, made: list[CallRequest]) -> None:
    answer = await site.post("/twilio/voice", call(), tamper=call(sid="CA2"))

    assert answer.status_code == 403
    assert not made


async def test_a_missing_signature_is_refused(site: Site) -> None:
    answer = await site.client.post("/twilio/voice", data=dict(call()))

    assert answer.status_code == 403


async def test_blanks_unknown_and_odd_parameters_are_signed_and_accepted(site: Site) -> None:
    odd = call(CalledCity="", CallToken="%7B%22a%22%3A1%7D", Größe="ü +%", Z="a&b=c")

    answer = await site.post("/twilio/voice", odd)

    assert answer.status_code == 200
    await site.switchboard.close()


async def test_a_forged_forwarded_host_changes_nothing(site: Site) -> None:
    answer = await site.post(
        "/twilio/voice",
        call(),
        headers={"x-forwarded-host": "evil.example", "host": "evil.example"},
    )

    assert answer.status_code == 200
    assert "evil" not in answer.text
    await site.switchboard.close()


async def test_a_signature_over_the_explicit_port_is_accepted(site: Site) -> None:
    answer = await site.post("/twilio/voice", call(), url="https://phone.example:443/twilio/voice")

    assert answer.status_code == 200
    await site.switchboard.close()


async def test_a_get_webhook_is_signed_over_its_url(site: Site) -> None:
    target = "/twilio/voice?" + urlencode(call())

    answer = await site.client.get(
        target, headers={"x-twilio-signature": sign(TOKEN, ORIGIN + target, [])}
    )

    assert answer.status_code == 200
    await site.switchboard.close()


async def test_an_unknown_number_hears_a_sentence_and_no_tenant(
    site: Site, made: list[CallRequest]
) -> None:
    answer = await site.post("/twilio/voice", call(to="+15550199999"))

    assert answer.status_code == 200
    assert "not in service" in answer.text
    assert "Stream" not in answer.text
    assert not made


async def test_the_same_webhook_twice_makes_one_call_and_the_same_answer(
    site: Site, made: list[CallRequest]
) -> None:
    first = await site.post("/twilio/voice", call())
    second = await site.post("/twilio/voice", call())

    assert first.text == second.text
    assert len(made) == 1
    await site.switchboard.close()


async def test_a_line_at_its_limit_dials_the_human_instead(
    site: Site, made: list[CallRequest]
) -> None:
    await site.post("/twilio/voice", call("CA1"))
    await site.post("/twilio/voice", call("CA2"))

    third = await site.post("/twilio/voice", call("CA3"))

    assert "<Number>+15550100999</Number>" in third.text
    assert len(made) == 2
    await site.switchboard.close()


async def test_an_oversized_body_is_refused(site: Site) -> None:
    answer = await site.post("/twilio/voice", call(Junk="x" * 70_000))

    assert answer.status_code == 413


async def test_a_human_who_does_not_answer_is_followed_by_voicemail(site: Site) -> None:
    answer = await site.post("/twilio/after", call(DialCallStatus="no-answer"))

    assert "<Record" in answer.text


async def test_a_talk_with_a_human_is_followed_by_the_end(site: Site) -> None:
    answer = await site.post("/twilio/after", call(DialCallStatus="completed"))

    assert "<Hangup" in answer.text
    assert "<Say" not in answer.text


async def test_a_stream_that_broke_is_followed_by_the_verticals_wish(site: Site) -> None:
    answer = await site.post("/twilio/after", call())

    assert "<Say>Sorry.</Say>" in answer.text
    assert "+15550100999" in answer.text


async def test_status_callbacks_are_answered_empty_in_any_order(site: Site) -> None:
    for status in ("completed", "ringing", "completed"):
        answer = await site.post("/twilio/status", call(CallStatus=status))
        assert answer.status_code == 204
        assert not answer.content


async def test_readiness_names_what_is_wrong(site: Site) -> None:
    assert (await site.client.get("/readyz")).status_code == 200

    site.database_error = StoreError("the database does not answer")
    answer = await site.client.get("/readyz")

    assert answer.status_code == 503
    assert "database" in answer.text


async def test_health_does_not_depend_on_the_database(site: Site) -> None:
    site.database_error = StoreError("gone")

    assert (await site.client.get("/healthz")).status_code == 200


async def test_repeated_parameters_are_signed_and_accepted(site: Site) -> None:
    twice = [*call(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]

    assert (await site.post("/twilio/voice", twice)).status_code == 200
    await site.switchboard.close()


async def test_parameters_are_sorted_by_ascii_with_capitals_first(site: Site) -> None:
    # The signature of section 2.6 of our notes: CallSid < CallStatus < CallToken < Called.
    params = [
        *(("CallSid", "CA00000000000000000000000000000001"), ("CallStatus", "ringing")),
        *(("CallToken", "%7B%22a%22%3A1%7D"), ("Called", NUMBER), ("CalledCity", "")),
        *(("From", "+15550001111"), ("To", NUMBER), ("callsid", "lower")),
    ]
    text = ORIGIN + "/twilio/voice" + "".join(name + value for name, value in sorted(params))
    digest = hmac.digest(TOKEN.encode(), text.encode(), "sha1")

    answer = await site.client.post(
        "/twilio/voice",
        content=urlencode(params),
        headers={"x-twilio-signature": base64.b64encode(digest).decode()},
    )

    assert answer.status_code == 200
    await site.switchboard.close()


@pytest.mark.parametrize(
    ("port", "status"), [("", 200), (":443", 200), (":8443", 403), (":80", 403)]
)
async def test_only_the_default_port_may_be_left_out_or_written(
    site: Site, port: str, status: int
) -> None:
    url = f"https://phone.example{port}/twilio/voice"

    assert (await site.post("/twilio/voice", call(), url=url)).status_code == status
    await site.switchboard.close()


@pytest.mark.parametrize(
    "caller", ["anonymous", "Restricted", "+266696687", "client:web", "sip:a@b", "", "Ünknown"]
)
async def test_a_withheld_or_odd_caller_is_answered_like_any_other(
    site: Site, made: list[CallRequest], caller: str
) -> None:
    params = [("CallSid", "CA1"), ("AccountSid", "AC1"), ("From", caller), ("To", NUMBER)]

    answer = await site.post("/twilio/voice", params)

    assert "<Stream" in answer.text
    assert made[0].caller == caller
    await site.switchboard.close()


async def test_a_call_that_fell_back_dials_the_human_without_a_model(
    site: Site, made: list[CallRequest]
) -> None:
    failed = call(ErrorCode="11205", ErrorUrl=ORIGIN + "/twilio/voice")

    answer = await site.post("/twilio/fallback", failed)

    assert "<Say>Sorry.</Say>" in answer.text
    assert "<Number>+15550100999</Number>" in answer.text
    assert not made


async def test_the_document_of_a_call_is_one_that_twilio_takes_whole(site: Site) -> None:
    answer = await site.post("/twilio/voice", call())

    assert len(answer.content) < 64 * 1024
    document = ElementTree.fromstring(answer.content)  # noqa: S314 - our own document
    assert document.tag == "Response"
    assert document[0].tag == "Connect"
    assert len(document) > 1
    stream = document.find("Connect/Stream")
    assert stream is not None
    assert "?" not in stream.attrib["url"]
    for parameter in stream.iter("Parameter"):
        assert len(parameter.attrib["name"]) + len(parameter.attrib["value"]) < 500
    await site.switchboard.close()


async def test_a_call_that_asks_again_after_its_stream_began_is_connected_again(
    site: Site, made: list[CallRequest]
) -> None:
    first = await site.post("/twilio/voice", call())
    token = re.search(r'value="([^"]+)"', first.text)
    assert token is not None
    start = {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "MZ1",
        "start": {
            "accountSid": "AC1",
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": token[1]},
        },
    }
    await site.switchboard.attend(OneFrame(json.dumps(start)))

    again = await site.post("/twilio/voice", call())

    assert again.status_code == 200
    assert "<Stream" in again.text
    assert again.text != first.text
    assert len(made) == 2
    await site.switchboard.close()


async def test_a_status_callback_of_an_unknown_call_changes_nothing(site: Site) -> None:
    answer = await site.post("/twilio/status", call("CA404", CallStatus="completed"))

    assert answer.status_code == 204
