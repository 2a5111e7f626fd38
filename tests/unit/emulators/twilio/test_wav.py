from __future__ import annotations

import wave
from pathlib import Path

from dialplan.emulators.twilio.record import CallRecord
from dialplan.emulators.twilio.wav import write_wav


def test_the_caller_is_left_and_the_agent_right(tmp_path: Path) -> None:
    record = CallRecord("CA1", "+1", "+2", caller_audio=b"\x80\x80\x80", agent_audio=b"\x00")

    write_wav(record, tmp_path / "call.wav")

    with wave.open(str(tmp_path / "call.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        assert file.getnframes() == 3
        samples = memoryview(file.readframes(3)).cast("h").tolist()
    assert samples == [32124, -32124, 32124, 0, 32124, 0]
