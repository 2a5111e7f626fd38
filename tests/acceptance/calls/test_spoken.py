"""A call in real speech, heard again from what it left on disk."""

from __future__ import annotations

import re
import wave
from array import array
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

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
voice: {format: FORMAT, greeting: "Good morning, how can I help?"}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""
CALLER = {"looking", "yellow", "flowers", "party", "saturday"}
AGENT = {"morning", "help", "certainly", "tomatoes", "onions", "dollars"}


@pytest.mark.parametrize("audio_format", ["pcmu", "pcm24k"])
async def test_the_audio_file_of_a_spoken_call_holds_both_sides_of_the_conversation(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
    tmp_path: Path,
    audio_format: str,
) -> None:
    mind = ScriptedMind([[Say("Certainly, we have tomatoes and onions for twelve dollars.")]])
    folder = write_verticals(VERTICAL.replace("FORMAT", audio_format), NUMBER)
    async with open_site(folder, mind, numbers=[NUMBER], sound=spoken()) as site:
        record = await site.ring(
            NUMBER, "I am looking for yellow flowers for a party on Saturday.", patience_ms=1000
        )
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
    # The ear may miss a word or two.
    assert len(words(left) & CALLER) >= 3
    assert len(words(right) & AGENT) >= 4
    assert not words(left) & AGENT
    assert not words(right) & CALLER
    assert len(turns) == 1
    assert len(words(turns[0]) & CALLER) >= 3


def words(heard: str) -> set[str]:
    return set(re.findall(r"[a-z]+", heard))
