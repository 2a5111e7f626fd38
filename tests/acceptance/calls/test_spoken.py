"""A call in real speech, heard again from what it left on disk."""

from __future__ import annotations

import wave
from array import array
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from dialplan.emulators.openai.mind import Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.speech.ear import MoonshineEar
from dialplan.emulators.stage import spoken
from dialplan.emulators.twilio.wav import write_wav
from dialplan.protocols.audio import encode
from dialplan.store.facts import TurnSpoken

NUMBER = "+15550100025"
VERTICAL = """\
dialplan: 1
name: spoken
title: Spoken
voice: {greeting: "Garden centre, how can I help?"}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""


async def test_the_audio_file_of_a_spoken_call_holds_both_sides_of_the_conversation(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
    tmp_path: Path,
) -> None:
    mind = ScriptedMind([[Say("Yes, the yellow roses cost twelve dollars.")]])
    folder = write_verticals(VERTICAL, NUMBER)
    async with open_site(folder, mind, numbers=[NUMBER], sound=spoken()) as site:
        record = await site.ring(NUMBER, "Do you sell yellow flowers?", patience_ms=1000)
        file = tmp_path / "call.wav"
        write_wav(record, file)
        turns = [one.text.lower() for one in site.of(TurnSpoken) if one.speaker == "caller"]

    with wave.open(str(file), "rb") as audio:
        assert (audio.getnchannels(), audio.getframerate(), audio.getsampwidth()) == (2, 8000, 2)
        samples = array("h", audio.readframes(audio.getnframes()))
    ear = MoonshineEar()
    try:
        left = (await ear.hear(encode(samples[0::2].tobytes()))).lower()
        right = (await ear.hear(encode(samples[1::2].tobytes()))).lower()
    finally:
        ear.close()
    assert "yellow flowers" in left
    assert "roses" not in left
    assert "garden" in right
    assert "roses" in right
    assert "flowers" not in right
    assert len(turns) == 1
    assert "yellow flowers" in turns[0]
