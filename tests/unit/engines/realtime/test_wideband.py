"""Items of speech keep their ends, their places and their order on the way to the line."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.call.commands import ClearPlayback, InterruptEngine, PlaySpeech
from dialplan.call.events import (
    CallerSpeechStarted,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    SpeechFinished,
)
from dialplan.call.machine import CallMachine, CallPolicy
from dialplan.call.playback import PlaybackLedger, payload_bytes
from dialplan.engines.engine import EngineEvent, PeerFault
from dialplan.engines.realtime.wideband import Wideband
from dialplan.protocols.audio import BYTES_PER_MS
from dialplan.protocols.wideband import Narrower, Widener

SECOND = (8000 * np.sin(2 * np.pi * 400 * np.arange(24000) / 24000)).astype("<i2").tobytes()


def arrived(pcm: bytes, item: str = "i1", response: str = "r1") -> SpeechArrived:
    return SpeechArrived(response, item, 0, base64.b64encode(pcm).decode())


def speech(events: list[EngineEvent], item: str = "i1") -> bytes:
    pieces = [e for e in events if isinstance(e, SpeechArrived) and e.item_id == item]
    return b"".join(base64.b64decode(piece.payload) for piece in pieces)


def whole(pcm: bytes) -> bytes:
    stream = Narrower()
    return stream.feed(pcm) + stream.finish()


@pytest.fixture
def told() -> list[EngineEvent]:
    return []


@pytest.fixture
def wideband(told: list[EngineEvent]) -> Wideband:
    return Wideband(told.append)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_an_item_is_whole_however_its_deltas_are_cut(sizes: list[int]) -> None:
    told: list[EngineEvent] = []
    wideband = Wideband(told.append)
    at = 0
    for size in sizes:
        wideband.down(arrived(SECOND[at : at + size]))
        at += size

    wideband.down(SpeechFinished("i1"))

    assert speech(told) == whole(SECOND[:at])
    assert told[-1] == SpeechFinished("i1")


def test_the_end_of_an_item_comes_before_the_news_of_it(
    wideband: Wideband, told: list[EngineEvent]
) -> None:
    wideband.down(arrived(SECOND))
    late = len(SECOND) // 6 - len(speech(told))

    wideband.down(SpeechFinished("i1"))

    assert late > 0
    assert [type(event) for event in told] == [SpeechArrived, SpeechArrived, SpeechFinished]
    assert told[1] == SpeechArrived("r1", "i1", 0, told[1].payload)  # type: ignore[union-attr]
    assert payload_bytes(told[1].payload) == late


def test_a_new_item_begins_as_if_nothing_was_before_it(
    wideband: Wideband, told: list[EngineEvent]
) -> None:
    wideband.down(arrived(SECOND + b"\x7f", "cut"))
    wideband.down(ResponseEnded("r1", "cancelled"))

    wideband.down(arrived(SECOND, "i1", "r2"))
    wideband.down(SpeechFinished("i1"))

    assert speech(told) == whole(SECOND)


def test_what_a_cancelled_item_still_held_is_never_told(
    wideband: Wideband, told: list[EngineEvent]
) -> None:
    wideband.down(arrived(SECOND))
    before = speech(told)

    wideband.down(ResponseEnded("r1", "cancelled"))
    wideband.down(SpeechFinished("i1"))

    assert speech(told) == before
    assert told[-2:] == [ResponseEnded("r1", "cancelled"), SpeechFinished("i1")]


def test_two_items_at_once_do_not_mix(wideband: Wideband, told: list[EngineEvent]) -> None:
    for at in range(0, len(SECOND), 4801):
        wideband.down(arrived(SECOND[at : at + 4801], "i1"))
        wideband.down(arrived(bytes(4801), "i2"))
    wideband.down(SpeechFinished("i2"))
    wideband.down(SpeechFinished("i1"))

    assert speech(told, "i1") == whole(SECOND)
    assert set(speech(told, "i2")) == {0xFF}


def test_other_events_pass_as_they_are(wideband: Wideband, told: list[EngineEvent]) -> None:
    wideband.down(CallerSpeechStarted())

    assert told == [CallerSpeechStarted()]


def test_audio_that_is_not_base64_is_a_fault_and_ends_nothing(
    wideband: Wideband, told: list[EngineEvent]
) -> None:
    wideband.down(SpeechArrived("r1", "i1", 0, "AAA"))

    assert told == [PeerFault("agent audio that is not base64")]


def test_what_the_caller_says_is_one_stream_whatever_is_sent_at_once(wideband: Wideband) -> None:
    mulaw = whole(SECOND)
    frames = [mulaw[at : at + 160] for at in range(0, 8000, 160)]
    other = Wideband(lambda _event: None)

    one_by_one = b"".join(map(wideband.widen, frames))
    at_once = other.widen(mulaw)

    assert one_by_one == at_once
    stream = Widener()
    assert (stream.feed(mulaw) + stream.finish()).startswith(one_by_one)


def test_the_caller_is_passed_on_with_at_most_32_ms_of_delay(wideband: Wideband) -> None:
    fed = given = 0
    late_ms = []
    for _ in range(200):
        fed += 160
        given += len(wideband.widen(b"\x55" * 160)) // 6
        late_ms.append((fed - given) / BYTES_PER_MS)

    assert max(late_ms) <= 32


@pytest.mark.parametrize("delta_ms", [20, 50, 400])
def test_speech_is_passed_on_with_at_most_32_ms_of_delay(
    wideband: Wideband, told: list[EngineEvent], delta_ms: int
) -> None:
    late_ms = []
    for number in range(1, 1000 // delta_ms):
        wideband.down(arrived(SECOND[: delta_ms * 48]))
        late_ms.append(number * delta_ms - len(speech(told)) / BYTES_PER_MS)

    assert max(late_ms) <= 32


@pytest.mark.parametrize("marks", [1, 2, 3])
def test_a_cut_is_made_within_a_millisecond_of_what_was_heard(
    wideband: Wideband, told: list[EngineEvent], marks: int
) -> None:
    ledger = PlaybackLedger()
    returned = []
    for at in range(0, 3 * 14402, 14402):  # 300 ms and a sample
        wideband.down(arrived(SECOND[at : at + 14402]))
        size = payload_bytes(told[-1].payload)  # type: ignore[union-attr]
        returned.append((ledger.queue("i1", 0, size), speech(told)))
    mark, heard = returned[marks - 1]
    assert mark is not None
    ledger.heard(mark)

    (cut,) = ledger.clear()

    # The model counts in its own samples. What the line played is the start of the whole item, so
    # its length is the place in the item, whatever the filter still holds.
    assert whole(SECOND).startswith(heard)
    assert 0 <= len(heard) / BYTES_PER_MS - cut.audio_end_ms < 1


def test_a_tail_that_comes_after_a_barge_in_is_not_played() -> None:
    machine = CallMachine(CallPolicy(None, 20_000, (), "", None, "", 15_000))
    played: list[PlaySpeech] = []

    def take(event: EngineEvent) -> None:
        assert isinstance(event, SpeechArrived | SpeechFinished)
        commands = machine.handle(event, 1)
        played.extend(one for one in commands if isinstance(one, PlaySpeech))

    wideband = Wideband(take)
    machine.handle(ResponseStarted("r1", None), 0)
    wideband.down(arrived(SECOND))
    cuts = machine.handle(CallerSpeechStarted(), 2)
    wideband.down(SpeechFinished("i1"))

    assert len(played) == 1
    assert [type(one) for one in cuts] == [ClearPlayback, InterruptEngine]
