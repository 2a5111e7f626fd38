from __future__ import annotations

import io
import itertools
import math
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from dialplan.emulators.twilio.caller import (
    AudioCaller,
    Caller,
    Line,
    ScriptedCaller,
    is_speech,
    read_wav,
)
from dialplan.protocols.audio import decode, encode

SILENT = b"\xff" * 160


def tone(milliseconds: int, loudness: int = 12000) -> bytes:
    wave_ = (math.sin(2 * math.pi * 440 * at / 8000) for at in range(milliseconds * 8))
    return encode(array("h", [int(loudness * value) for value in wave_]).tobytes())


class ToneVoice:
    """Speaks 20 ms of tone for each character."""

    async def speak(self, text: str) -> bytes:
        return tone(20 * len(text))


def run(
    caller: Caller, until_ms: int, agent: Callable[[int], bool]
) -> tuple[list[tuple[int, str]], int | None]:
    """Play a call; return when the caller spoke (start of each run) or pressed, and hung up."""
    did: list[tuple[int, str]] = []
    silent = True
    for now in range(0, until_ms, 20):
        caller.heard(tone(20) if agent(now) else SILENT, now)
        if digits := caller.digits(now):
            did.append((now, digits))
        frame = caller.frame(now)
        if frame is not None:
            assert len(frame) == 160
            if silent:
                did.append((now, "speaks"))
        silent = frame is None
        if caller.wants_to_hang_up(now):
            return did, now
    return did, None


async def scripted(
    *lines: Line, patience_ms: int = 1000, max_wait_ms: int = 5000, hangs_up: bool = True
) -> ScriptedCaller:
    caller = ScriptedCaller(
        lines,
        ToneVoice(),
        patience_ms=patience_ms,
        max_wait_ms=max_wait_ms,
        hangs_up=hangs_up,
    )
    await caller.prepare()
    return caller


async def test_a_line_waits_until_the_agent_has_been_quiet() -> None:
    caller = await scripted(Line("hello"))

    did, _ = run(caller, 4000, lambda now: 100 <= now < 600)

    assert did == [(1600, "speaks")]


async def test_a_pause_in_the_agents_speech_does_not_end_its_turn() -> None:
    caller = await scripted(Line("hello"))

    did, _ = run(caller, 4000, lambda now: now < 500 or 1200 <= now < 1500)

    assert did == [(2500, "speaks")]


async def test_a_silent_agent_is_waited_for_so_long_and_no_longer() -> None:
    caller = await scripted(Line("hello"), max_wait_ms=3000)

    did, _ = run(caller, 4000, lambda now: False)

    assert did == [(3000, "speaks")]


async def test_the_next_line_waits_for_the_answer_to_the_one_before() -> None:
    caller = await scripted(Line("a" * 10), Line("b" * 10))

    did, hung_up = run(
        caller, 9000, lambda now: now < 200 or 3000 <= now < 3400 or 5000 <= now < 5100
    )

    assert did == [(1200, "speaks"), (4400, "speaks")]
    assert hung_up == 6100


async def test_a_barge_in_comes_into_the_agents_speech() -> None:
    caller = await scripted(Line("stop", after_ms=700))

    did, _ = run(caller, 3000, lambda now: now >= 300)

    assert did == [(1000, "speaks")]


async def test_a_barge_in_on_an_agent_that_says_nothing_is_made_at_last() -> None:
    caller = await scripted(Line("stop", after_ms=700), max_wait_ms=2000)

    did, _ = run(caller, 3000, lambda now: False)

    assert did == [(2000, "speaks")]


async def test_keys_are_pressed_once_before_anything_is_said() -> None:
    caller = await scripted(Line(digits="12#"), Line("x", digits="4"))

    did, _ = run(caller, 9000, lambda now: now < 200 or 3000 <= now < 3200)

    assert did == [(1200, "12#"), (4200, "4"), (4200, "speaks")]


async def test_a_line_may_have_a_patience_and_a_pause_of_its_own() -> None:
    caller = await scripted(Line("a", patience_ms=2000, pause_ms=300))

    did, _ = run(caller, 5000, lambda now: now < 200)

    assert did == [(2500, "speaks")]


async def test_a_caller_may_stay_on_the_line() -> None:
    caller = await scripted(Line("a"), hangs_up=False)

    _, hung_up = run(caller, 20_000, lambda now: now < 200)

    assert hung_up is None


async def test_a_caller_remembers_what_it_did_and_when() -> None:
    line = Line("a")
    caller = await scripted(line)

    run(caller, 3000, lambda now: now < 200)

    assert caller.spoken == [(1200, line)]


def test_a_caller_without_a_voice_says_what_is_missing() -> None:
    with pytest.raises(RuntimeError, match="await `prepare`"):
        ScriptedCaller([Line("a")], ToneVoice()).heard(SILENT, 0)


def test_a_recording_is_played_from_the_answer_and_its_answer_is_waited_for() -> None:
    did, hung_up = run(AudioCaller(tone(500)), 9000, lambda now: now < 300 or 1000 <= now < 2000)

    assert did == [(0, "speaks")]
    assert hung_up == 4000


def test_speech_is_told_from_silence_by_its_energy() -> None:
    assert is_speech(tone(20))
    assert is_speech(tone(20, loudness=600))
    assert not is_speech(SILENT)
    assert not is_speech(b"\x7f" * 160)
    assert not is_speech(tone(20, loudness=100))
    assert not is_speech(b"")


def wav(path: Path | io.BytesIO, rate: int = 8000, channels: int = 1) -> None:
    with wave.open(str(path) if isinstance(path, Path) else path, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(decode(tone(100)))


def test_a_wav_file_is_read_as_mu_law(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")

    assert read_wav(tmp_path / "a.wav") == tone(100)
    assert AudioCaller.from_file(tmp_path / "a.wav").frame(0) == tone(20)


def test_any_other_file_is_raw_mu_law(tmp_path: Path) -> None:
    (tmp_path / "a.ulaw").write_bytes(tone(20))

    assert AudioCaller.from_file(tmp_path / "a.ulaw").frame(0) == tone(20)


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (8000, 2)])
def test_another_wav_format_is_refused_with_what_was_found(rate: int, channels: int) -> None:
    content = io.BytesIO()
    wav(content, rate, channels)
    content.seek(0)

    with pytest.raises(ValueError, match=f"got 16 bit, {rate} Hz, {channels} channel"):
        read_wav(content)


async def test_a_silent_line_lasts_whatever_the_agent_says_and_then_the_next_one_comes() -> None:
    caller = await scripted(Line(silent_ms=3_000), Line("Yes"), patience_ms=300)

    did, _ = run(caller, 8_000, lambda now: now < 400 or 2_000 <= now < 2_600)

    assert [at for at, line in caller.spoken if line.silent_ms] == [700]
    assert did[0][1] == "speaks"
    assert 3_680 <= did[0][0] <= 3_780


async def test_silence_is_skipped_in_steps_so_that_the_other_side_can_act() -> None:
    asked: list[int] = []

    def skip(ms: int) -> int:
        asked.append(ms)
        return min(ms, 20_000)

    caller = ScriptedCaller([Line(silent_ms=45_000)], ToneVoice(), patience_ms=300, skip=skip)
    await caller.prepare()

    _, hung_up = run(caller, 20_000, lambda now: now < 400)

    assert len(asked) == 3
    assert sum(ms for _, ms in caller.skipped) >= 40_000
    assert hung_up is not None
    moments = [at for at, _ in caller.skipped]
    assert all(b - a >= 1_200 for a, b in itertools.pairwise(moments))


async def test_a_caller_who_hangs_up_waits_for_no_answer() -> None:
    caller = await scripted(Line("Bye", hangs_up=True), patience_ms=300)

    did, hung_up = run(caller, 8_000, lambda now: now < 400)

    assert did == [(700, "speaks")]
    assert hung_up == 740
