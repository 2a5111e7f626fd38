"""The short way for caller audio says what the full decode says, of any frame whatever."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.messages import Media, caller_audio, decode
from dialplan.protocols.twilio.stream import Stream

SID = "MZ1"
START = (
    '{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1",'
    '"callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",'
    '"sampleRate":8000,"channels":1},"customParameters":{}},"streamSid":"MZ1"}'
)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
numbers = (
    st.integers(0, 10**20).map(str)
    | st.integers(0, 10**9)
    | st.sampled_from(["", "-1", "1.0", " 1", "\u0663", "9" * 18, "9" * 19, True])
)
payloads = (
    st.binary(max_size=160).map(lambda data: b64encode(data).decode())
    | st.text("ABab09+/=", max_size=9)
    | st.sampled_from(["====", "AA==AA", "A", "AA=", "AAAA=", "AB==", "\u00e4AAA", "AA\nAA", '"}'])
)


# What may stand in a field instead of what usually does.
ODD: dict[str, st.SearchStrategy[Any]] = {
    "event": st.sampled_from(["mark", "stop", "MEDIA", "media "]),
    "streamSid": st.sampled_from(["MZ2", "", "mz1"]),
    "media": st.sampled_from(["", [], ["payload"], "payload", {}]),
    "sequenceNumber": numbers,
    "track": st.sampled_from(["outbound", "inbound", "", "Inbound"]),
    "chunk": numbers,
    "timestamp": numbers,
    "payload": payloads,
    "more": anything,
}
TOP = ("event", "streamSid", "media", "sequenceNumber")
edits = st.sampled_from(sorted(ODD)).flatmap(
    lambda field: st.tuples(
        st.just(field), st.sampled_from(["odd", "odd", "any", "gone"]), ODD[field], anything
    )
)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw caller audio with a few fields that are not as usual."""
    part: dict[str, Any] = {
        "track": "inbound",
        "chunk": draw(st.sampled_from(["2", 2])),
        "timestamp": draw(st.sampled_from(["40", 40])),
        "payload": b64encode(draw(st.binary(max_size=20))).decode(),
    }
    frame: dict[str, Any] = {
        "event": "media",
        "sequenceNumber": "3",
        "media": part,
        "streamSid": SID,
    }
    for field, how, unusual, other in draw(st.lists(edits, max_size=2)):
        holder = frame if field in TOP else part
        if how == "gone":
            holder.pop(field, None)
        else:
            holder[field] = unusual if how == "odd" else other
    return frame


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a frame with its keys in any order, spaced in any way, perhaps damaged."""
    frame = draw(messages())
    order = draw(st.permutations(list(frame)))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
    ascii_only = draw(st.booleans())
    text = json.dumps(
        {key: frame[key] for key in order}, separators=separators, ensure_ascii=ascii_only
    )
    damage = draw(st.sampled_from(["none", "none", "none", "cut", "twice", "insert"]))
    at = draw(st.integers(0, len(text)))
    match damage:
        case "cut":
            return text[:at]
        case "twice":
            return text[:-1] + draw(st.sampled_from([',"event":"stop"}', ',"media":{}}', "}}"]))
        case "insert":
            return text[:at] + draw(st.text(max_size=3)) + text[at:]
        case _:
            return text


def verdict(text: str) -> bytes | None:
    """Return the mu-law of caller audio of this stream, by the full decode."""
    try:
        stream_sid, read = decode(text)
    except ProtocolError:
        return None
    return b64decode(read.payload) if isinstance(read, Media) and stream_sid == SID else None


@settings(max_examples=300)
@given(texts() | st.text(max_size=20) | anything.map(json.dumps))
@example('"media"')
@example("[]")
@example("1")
@example("null")
@example('{"event":"media","streamSid":"MZ1","media":"payload"}')
@example('{"event":"media","streamSid":"MZ1","media":["payload"]}')
@example('{"event":"media","streamSid":"MZ1","media":{"payload":"","chunk":1,"timestamp":1}}')
def test_the_short_way_says_what_the_full_decode_says(text: str) -> None:
    assert caller_audio(text, SID) == verdict(text)


@given(st.binary(max_size=160), st.permutations(["event", "streamSid", "media"]))
def test_every_well_formed_frame_takes_the_short_way(audio: bytes, order: list[str]) -> None:
    payload = b64encode(audio).decode()
    about = {"track": "inbound", "chunk": "2", "timestamp": "40", "payload": payload}
    frame = {"event": "media", "streamSid": SID, "media": about}

    assert caller_audio(json.dumps({key: frame[key] for key in order}), SID) == audio


def test_a_stream_hears_nothing_before_its_start_and_after_its_stop() -> None:
    audio = (
        '{"event":"media","streamSid":"MZ1",'
        '"media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"////"}}'
    )
    stream = Stream()

    assert stream.caller_audio(audio) is None
    stream.receive_text(START)
    assert stream.caller_audio(audio) == b"\xff\xff\xff"
    stream.receive_text('{"event":"stop","streamSid":"MZ1"}')
    assert stream.caller_audio(audio) is None
    assert not stream.ignored
