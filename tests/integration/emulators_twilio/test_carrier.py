from __future__ import annotations

import asyncio
import time
from base64 import b64decode

import pytest
from starlette.responses import Response
from tests.stillness import watched

from dialplan.emulators.twilio.caller import AudioCaller, Line, ScriptedCaller, is_speech
from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord, CarrierEvent, Ended, StreamStarted

from .conftest import CLINIC, ORIGIN, PATIENT, STREAM_URL, Leg, Server, ToneVoice, tone

STREAM = (
    f'<Connect action="{ORIGIN}/after"><Stream url="{STREAM_URL}" name="leg" '
    f'statusCallback="{ORIGIN}/stream-status"><Parameter name="token" value="t&amp;1"/></Stream>'
    "</Connect><Hangup/>"
)
SILENT = b"\xff" * 160


class Patient:
    """A caller that says nothing and hangs up after a while; keeps what it heard."""

    def __init__(self, stays_ms: int = 60_000, says: bytes = b"", keys: str = "") -> None:
        self.ear = bytearray()
        self._stays_ms = stays_ms
        self._says = says
        self._keys = keys

    def heard(self, audio: bytes, now_ms: int) -> None:
        self.ear += audio

    def digits(self, now_ms: int) -> str:
        keys, self._keys = self._keys, ""
        return keys

    def frame(self, now_ms: int) -> bytes | None:
        frame, self._says = self._says[:160], self._says[160:]
        return frame or None

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return now_ms >= self._stays_ms


async def place(carrier: Carrier, caller: Patient | ScriptedCaller | AudioCaller) -> CallRecord:
    return await carrier.place(to=CLINIC, from_=PATIENT, caller=caller, limit_s=60)


def codes(record: CallRecord) -> list[int]:
    return [notification.code for notification in record.notifications]


async def test_the_voice_webhook_is_signed_and_carries_what_real_ones_do(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = "<Say>Hi</Say>"

    record = await place(carrier, Patient())

    (asked,) = [each for each in server.asked if each.path == "/voice"]
    assert asked.params["CallSid"] == record.call_sid
    assert (asked.params["From"], asked.params["Called"]) == (PATIENT, CLINIC)
    assert (asked.params["CallStatus"], asked.params["Direction"]) == ("ringing", "inbound")
    assert asked.params["CalledCity"] == ""
    assert asked.params["CallToken"].startswith("%7B%22parentCallInfoToken")
    assert asked.headers["user-agent"] == "TwilioProxy/1.1"
    assert asked.headers["i-twilio-idempotency-token"]
    assert asked.headers["host"] == "dialplan.example"
    assert (record.status, record.ended_by) == ("completed", "document")


async def test_say_is_heard_and_both_sides_share_a_timeline(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = "<Say>Hello there</Say>"

    record = await place(carrier, Patient(says=tone(100)))

    assert record.agent_audio.startswith(tone(440))
    assert record.caller_audio.startswith(tone(100))
    assert len(record.agent_audio) == len(record.caller_audio)
    assert carrier.calls[record.call_sid].line is not None


async def test_a_number_status_callback_comes_at_the_end(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = "<Say>Hi</Say>"

    await place(carrier, Patient())

    (status,) = server.of("/status")
    assert status["CallStatus"] == "completed"
    assert status["CallbackSource"] == "call-progress-events"
    assert "CallDuration" in status


async def test_a_failing_status_callback_is_a_warning(carrier: Carrier, server: Server) -> None:
    server.answers |= {"/voice": "<Say>Hi</Say>", "/status": Response(status_code=500)}

    record = await place(carrier, Patient())

    assert codes(record) == [15003]


async def test_the_stream_opens_signed_and_without_a_query(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("media", 5)
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM.replace("/media", "/media?token=abc")

    record = await place(carrier, Patient())

    (leg,) = server.legs
    assert [each["event"] for each in leg.messages[:3]] == ["connected", "start", "media"]
    start = leg.messages[1]
    assert start["start"]["customParameters"] == {"token": "t&1"}
    assert start["start"]["callSid"] == record.call_sid
    assert start["start"]["mediaFormat"] == {
        "encoding": "audio/x-mulaw",
        "sampleRate": 8000,
        "channels": 1,
    }
    assert start["streamSid"] == record.stream_sid
    assert server.targets[0].endswith("/media")
    assert codes(record) == [31921]


async def test_media_is_numbered_and_paced_like_a_phone_line(
    carrier: Carrier, server: Server
) -> None:
    began: list[float] = []

    async def drive(leg: Leg) -> None:
        await leg.until("media")
        began.append(time.monotonic())
        await leg.until("media", 50)
        began.append(time.monotonic())
        await leg.until("media", 70)
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM
    said = bytes(index % 100 for index in range(160 * 100))

    async with watched() as stillness:
        await place(carrier, Patient(says=said))

    media = server.legs[0].of("media")
    assert [each["sequenceNumber"] for each in media[:3]] == ["2", "3", "4"]
    assert [each["media"]["chunk"] for each in media[:3]] == ["1", "2", "3"]
    stamps = [int(each["media"]["timestamp"]) for each in media]
    assert stamps[0] == 155
    assert all(abs(stamp - 155 - 20 * at) <= 2 for at, stamp in enumerate(stamps))
    # A line that is late catches up with a tenth of a second.
    assert 0.85 < began[1] - began[0]
    assert began[1] - began[0] - stillness.seconds(*began) < 1.5
    # Whatever was said before the socket was open is not in the stream.
    heard = server.legs[0].heard().rstrip(b"\xff")
    assert len(heard) > 160 * 10
    assert said.endswith(heard)


async def test_marks_come_back_when_their_audio_was_played(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.mark("empty")
        await leg.until("mark")
        before = len(leg.of("media"))
        await leg.media(tone(200))
        await leg.mark("played")
        await leg.media(tone(300))
        await leg.mark("played too")
        await leg.until("mark")
        first = len(leg.of("media"))
        await leg.until("mark")
        assert first - before >= 9
        # The line's own time: no more of the caller came than was played meanwhile.
        assert len(leg.of("media")) - first == 15
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier, Patient())

    assert record.marks == ["empty", "played", "played too"]
    assert tone(200) in record.agent_audio


async def test_clear_returns_pending_marks_and_what_was_cleared_is_not_heard(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.media(tone(400))
        await leg.mark("first")
        await leg.media(tone(5000, 300))
        await leg.mark("second")
        await leg.until("media", 10)
        await leg.clear()
        await leg.until("mark", 2)
        await leg.media(tone(100, 600))
        await leg.mark("third")
        await leg.until("mark")
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier, Patient())

    assert record.marks == ["first", "second", "third"]
    assert len(record.cleared_at_ms) == 1
    assert tone(100, 600) in record.agent_audio
    assert len(record.agent_audio) < 8 * 5000


async def test_keys_are_sent_and_a_caller_who_hangs_up_stops_the_stream(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = STREAM

    class Presser(Patient):
        def digits(self, now_ms: int) -> str:
            return "5#" if now_ms == 1500 else ""

    record = await place(carrier, Presser(stays_ms=1700))

    (leg,) = server.legs
    assert [each["dtmf"] for each in leg.of("dtmf")] == [
        {"track": "inbound_track", "digit": "5"},
        {"track": "inbound_track", "digit": "#"},
    ]
    assert leg.messages[-1]["event"] == "stop"
    assert (record.ended_by, record.digits) == ("caller", "5#")
    assert codes(record) == []
    assert {each["StreamEvent"] for each in server.of("/stream-status")} == {
        "stream-started",
        "stream-stopped",
    }
    assert not server.of("/after")


async def test_a_server_that_closes_is_asked_what_comes_after(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.socket.close()

    server.drive = drive
    server.answers |= {"/voice": STREAM, "/after": "<Say>Bye</Say><Hangup/>"}

    record = await place(carrier, Patient())

    assert server.of("/after")[0]["CallStatus"] == "in-progress"
    assert tone(120) in record.agent_audio
    assert [document.url for document in record.documents] == [f"{ORIGIN}/voice", f"{ORIGIN}/after"]


async def test_a_refused_upgrade_is_reported_and_the_call_goes_on(
    carrier: Carrier, server: Server
) -> None:
    server.refuse = True
    server.answers |= {"/voice": STREAM, "/after": "<Say>Sorry</Say>"}

    record = await place(carrier, Patient())

    assert codes(record) == [31920]
    (error,) = server.of("/stream-status")
    assert (error["StreamEvent"], "31920" in error["StreamError"]) == ("stream-error", True)
    assert tone(200) in record.agent_audio


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ws://dialplan.example/media", 31922),
        ("https://dialplan.example/media", 31922),
        ("/media", 31923),
        ("wss://[bad/media", 31923),
        ("wss://127.0.0.1:99999/media", 31923),
        ("wss://127.0.0.1:1/media", 31902),
    ],
)
async def test_a_stream_that_cannot_be_opened_has_its_code(
    carrier: Carrier, server: Server, url: str, code: int
) -> None:
    server.answers["/voice"] = f'<Connect><Stream url="{url}"/></Connect><Say>Sorry</Say>'

    record = await place(carrier, Patient())

    assert codes(record) == [code]
    assert tone(200) in record.agent_audio


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        '{"event":"media"}',
        '{"event":"clear","streamSid":"MZother"}',
    ],
)
async def test_what_twilio_would_not_understand_is_one_warning(
    carrier: Carrier, server: Server, message: str
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.socket.send_text(message)
        await leg.socket.send_text(message)
        await leg.socket.send_bytes(b"\x00")
        await leg.mark("alive")
        await leg.until("mark")
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier, Patient())

    assert codes(record) == [31951, 31950, 31921]


async def test_a_failing_webhook_goes_to_the_fallback_with_the_error(
    carrier: Carrier, server: Server
) -> None:
    server.answers |= {"/voice": Response(status_code=500), "/fallback": "<Say>Sorry</Say>"}

    record = await place(carrier, Patient())

    (fallback,) = server.of("/fallback")
    assert (fallback["ErrorCode"], fallback["ErrorUrl"]) == ("11217", f"{ORIGIN}/voice")
    assert record.agent_audio.startswith(tone(200))
    assert codes(record) == [11217]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("<Response><Say>", media_type="text/xml"), 12100),
        (Response("<Reply/>", media_type="text/xml"), 12100),
        (Response("<Response/>", media_type="application/json"), 12300),
        (Response("<Response>" + " " * 70_000 + "</Response>", media_type="text/xml"), 11750),
        (Response(status_code=304), 11200),
    ],
)
async def test_an_answer_that_is_no_document_has_its_code_and_an_apology(
    carrier: Carrier, server: Server, answer: Response, code: int
) -> None:
    server.answers |= {"/voice": answer, "/fallback": answer}

    record = await place(carrier, Patient(stays_ms=100))

    assert codes(record) == [code, code]
    assert is_speech(record.agent_audio)


async def test_redirects_of_http_are_followed_as_get_without_the_form(
    carrier: Carrier, server: Server
) -> None:
    server.answers |= {
        "/voice": Response(status_code=302, headers={"Location": "/moved"}),
        "/moved": "<Say>Hi</Say>",
    }

    record = await place(carrier, Patient())

    assert server.of("/moved") == [{}]
    assert record.documents[0].url == f"{ORIGIN}/moved"


async def test_verbs_run_in_order_and_unknown_ones_are_warned_about(
    carrier: Carrier, server: Server
) -> None:
    server.answers |= {
        "/voice": '<Say>a</Say><Gather/><Pause length="0"/><Redirect>/next</Redirect><Say>no</Say>',
        "/next": "<Say>bb</Say><Hangup/>",
    }

    record = await place(carrier, Patient())

    assert codes(record) == [12200]
    assert tone(40) in record.agent_audio
    assert tone(80) in record.agent_audio
    assert [document.url[-5:] for document in record.documents] == ["voice", "/next"]


async def test_a_rejected_call_is_never_answered(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = '<Reject reason="busy"/>'

    record = await place(carrier, Patient())

    assert (record.status, record.ended_by, record.agent_audio) == ("busy", "rejected", b"")


async def test_a_file_is_played(carrier: Carrier, server: Server) -> None:
    server.answers |= {
        "/voice": f"<Play>{ORIGIN}/hold.ulaw</Play>",
        "/hold.ulaw": Response(tone(300), media_type="audio/basic"),
    }

    record = await place(carrier, Patient())

    assert tone(300) in record.agent_audio


@pytest.mark.parametrize(
    ("number", "status", "bridged"),
    [
        ("+15550100002", "completed", "true"),
        ("+15550100003", "busy", "false"),
        ("+15550100004", "no-answer", "false"),
        ("+15550100005", "failed", "false"),
    ],
)
async def test_dial_tells_its_action_how_it_went(
    carrier: Carrier, server: Server, number: str, status: str, bridged: str
) -> None:
    server.answers |= {
        "/voice": f'<Dial timeout="1" action="/dialled"><Number>{number}</Number></Dial>',
        "/dialled": "<Hangup/>",
    }

    record = await place(carrier, Patient())

    (dialled,) = server.of("/dialled")
    assert (dialled["DialCallStatus"], dialled["DialBridged"]) == (status, bridged)
    assert [(leg.number, leg.status) for leg in record.dialled] == [(number, status)]
    assert (tone(300) in record.agent_audio) == (status == "completed")


async def test_a_caller_id_that_is_not_ours_is_refused(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = (
        '<Dial callerId="+15550109999"><Number>+15550100002</Number></Dial><Say>Bye</Say>'
    )

    record = await place(carrier, Patient())

    assert codes(record) == [13214]


async def test_a_message_is_recorded_and_told_to_action(carrier: Carrier, server: Server) -> None:
    server.answers |= {
        "/voice": '<Record action="/recorded" timeout="1" playBeep="false" '
        'recordingStatusCallback="/recording"/><Say>Nothing</Say>',
        "/recorded": "<Hangup/>",
    }

    record = await place(carrier, Patient(says=tone(600)))

    (told,) = server.of("/recorded")
    assert told["RecordingDuration"] == "1"
    assert told["RecordingUrl"].endswith(told["RecordingSid"])
    assert server.of("/recording")[0]["RecordingStatus"] == "completed"
    (recording,) = record.recordings
    assert recording.audio[:800] in tone(600)


async def test_an_empty_recording_goes_on_with_the_next_verb(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = '<Record action="/recorded" timeout="1"/><Say>Nothing</Say>'

    record = await place(carrier, Patient())

    assert not server.of("/recorded")
    assert tone(280) in record.agent_audio


async def test_a_message_of_a_caller_who_hangs_up_is_kept(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = '<Record action="/recorded" playBeep="false"/>'

    record = await place(carrier, Patient(stays_ms=500, says=tone(400)))

    assert server.of("/recorded")[0]["Digits"] == "hangup"
    assert len(record.recordings) == 1


async def test_a_scripted_caller_waits_for_answers_and_hangs_up(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        for reply in (300, 200, 200):
            await leg.media(tone(reply))
            while not is_speech(b64decode((await leg.until("media"))["media"]["payload"])):
                pass
            while is_speech(b64decode((await leg.until("media"))["media"]["payload"])):
                pass
        await leg.media(tone(100))
        await leg.rest()

    server.drive = drive
    server.answers["/voice"] = STREAM
    caller = ScriptedCaller(
        [Line("one"), Line("two2"), Line("three")], ToneVoice(), patience_ms=200
    )
    await caller.prepare()

    record = await place(carrier, caller)

    assert record.ended_by == "caller"
    assert tone(120) in record.caller_audio
    assert tone(160) in record.caller_audio
    assert [line.text for _, line in caller.spoken] == ["one", "two2", "three"]


async def test_a_recorded_caller_is_played_from_the_answer(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = "<Pause/><Say>A longer sentence</Say><Pause length='9'/>"

    record = await place(carrier, AudioCaller(tone(200), patience_ms=300))

    assert record.caller_audio.startswith(tone(200))
    assert record.ended_by == "caller"


async def test_a_call_has_a_limit(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = STREAM

    record = await carrier.place(to=CLINIC, from_=PATIENT, caller=Patient(), limit_s=3)

    assert (record.ended_by, record.status) == ("limit", "completed")
    assert server.legs[0].messages[-1]["event"] == "stop"


async def test_twenty_calls_keep_their_pace(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = STREAM
    began = time.process_time()

    records = await asyncio.gather(*(place(carrier, Patient(stays_ms=2000)) for _ in range(20)))

    assert {len(record.caller_audio) for record in records} == {8 * 2020}
    assert all(len(leg.of("media")) > 60 for leg in server.legs)
    assert len({leg.sid for leg in server.legs}) == 20
    assert time.process_time() - began < 2.0


async def test_a_call_can_be_watched(carrier: Carrier, server: Server) -> None:
    events: list[CarrierEvent] = []
    server.answers["/voice"] = STREAM

    record = await carrier.place(
        to=CLINIC, from_=PATIENT, caller=Patient(stays_ms=1000), on_event=events.append
    )

    assert StreamStarted(record.call_sid, record.stream_sid or "") in events
    assert events[-1] == Ended(record.call_sid, "completed")


async def test_a_number_of_somebody_else_cannot_be_called(carrier: Carrier) -> None:
    with pytest.raises(ValueError, match="number of this account"):
        await carrier.place(to="+15550199999", from_=PATIENT, caller=Patient())
