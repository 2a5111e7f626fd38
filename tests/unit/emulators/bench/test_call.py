"""How late audio is counts for what was sent in the window, whenever it arrives."""

from __future__ import annotations

import pytest

from dialplan.emulators.bench.call import Call, Recorder


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    recorder.begin(10.0)
    recorder.end(20.0)
    return recorder


def call_that_sent(recorder: Recorder, *moments: float) -> Call:
    call = Call(1, delta_ms=100, recorder=recorder)
    call.up_sent.extend(moments)
    call.down_sent.extend(moments)
    return call


def test_audio_held_up_to_the_end_of_the_window_counts_in_full(recorder: Recorder) -> None:
    call = call_that_sent(recorder, 19.9)

    call.arrived_up(call.up_sound.unit(0), 23.0)
    call.arrived_down(call.down_sound.unit(0), 24.0)

    assert list(recorder.up) == list(recorder.up_last) == pytest.approx([3.1])
    assert list(recorder.down) == pytest.approx([4.1])


def test_audio_sent_before_or_after_the_window_does_not_count(recorder: Recorder) -> None:
    call = call_that_sent(recorder, 9.9, 20.0)

    for number in (0, 1):
        call.arrived_up(call.up_sound.unit(number), 20.1)
        call.arrived_down(call.down_sound.unit(number), 20.1)

    assert [*recorder.up, *recorder.up_last, *recorder.down] == []


def test_of_an_append_of_several_frames_the_last_counts_by_itself(recorder: Recorder) -> None:
    call = call_that_sent(recorder, 9.99, 10.01, 10.03)

    call.arrived_up(b"".join(call.up_sound.unit(number) for number in range(3)), 10.04)

    assert list(recorder.up) == pytest.approx([0.03, 0.01])
    assert list(recorder.up_last) == pytest.approx([0.01])


def test_nothing_is_kept_before_the_window_begins() -> None:
    recorder = Recorder()
    call = call_that_sent(recorder, 1.0)

    call.arrived_up(call.up_sound.unit(0), 1.1)

    assert not recorder.up
