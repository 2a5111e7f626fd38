from datetime import UTC, datetime

import pytest

from dialplan.emulators.desk.handshake import Ready, Setting, dump, load
from dialplan.emulators.desk.talk import AnswerHeard
from dialplan.emulators.desk.wire import CallOver, Event, Order, decode, encode, read_order
from dialplan.emulators.twilio.caller import Line
from dialplan.emulators.twilio.record import Answered, CallRecord, Notification, Notified
from dialplan.errors import ConfigError, ProtocolError
from dialplan.runtime.peers import Peers
from dialplan.store.facts import ToolRan, TurnSpoken

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "event",
    [
        Answered("CA1"),
        AnswerHeard(900, 700),
        Notified("CA1", Notification(31921, "error", "closed")),
        TurnSpoken("CA1", 2, AT, "caller", "", "Grüezi", None),
        ToolRan("CA1", 3, AT, "desk", "book", {"slot": 7, "note": None}, "ok", 12.5),
        CallOver.of(CallRecord("CA1", "+1", "anonymous", cleared_at_ms=[40])),
    ],
)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)) == event


def test_an_event_of_a_newer_version_is_passed_over() -> None:
    assert decode('{"kind": "sneezed", "at_ms": 3}') is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"kind": "answered"}', "3"])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode(text)


def test_an_order_keeps_its_audio_and_its_pacing() -> None:
    order = Order.calling("+15550100001", "anonymous", audio=b"\xff\x00")
    assert read_order(order.model_dump_json(by_alias=True)) == order
    assert read_order(order.model_dump_json(by_alias=True)).audio == b"\xff\x00"

    said = Order(to="+1", from_="+2", say=(Line("Stop.", after_ms=300), Line(digits="1")))
    assert read_order(said.model_dump_json(by_alias=True)) == said


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        '{"to": "+1", "from": "+2"}',
        '{"to": "+1", "from": "+2", "live": true, "say": [{"text": "Hi"}]}',
        '{"to": "", "from": "+2", "live": true}',
        '{"to": "+1", "from": "+2", "live": true, "limit_s": 1e9}',
        '{"to": "+1", "from": "+2", "live": true, "color": "red"}',
    ],
)
def test_an_order_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ProtocolError, match=r"^order refused: [^\n]+$"):
        read_order(text)


def test_the_setting_of_a_stage_comes_back_as_it_was() -> None:
    peers = Peers(
        public_url="http://127.0.0.1:1",
        realtime_url="ws://127.0.0.1:2/v1/realtime",
        realtime_key=None,
        account="AC1",
        token="t",
        twilio_url="http://127.0.0.1:3",
        twilio_user="AC1",
        twilio_password="t",
        services={("clinic", "records"): "http://127.0.0.1:4/clinic.records"},
        notice="This is a rehearsal.",
    )
    setting = Setting(peers, "http://127.0.0.1:5", "k")

    assert load(dump(setting).encode()) == setting
    assert load(dump(Ready()).encode()) == Ready()


def test_a_stage_that_cannot_be_set_says_why() -> None:
    with pytest.raises(ConfigError, match="install it"):
        load(b'{"problem": "install it"}')
    with pytest.raises(ProtocolError):
        load(b"Warning: something printed this\n")
