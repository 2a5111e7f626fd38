"""A local ear: Moonshine tiny-en on whole utterances, with its habits cleaned up.

The weights are inside the `moonshine-voice` wheel (0.0.73; later ones fetch theirs). It hears one
utterance at a time and must not be given a whole call.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from dialplan.emulators.speech import mulaw
from dialplan.emulators.speech.extra import not_installed, packaged_file

if TYPE_CHECKING:
    from moonshine_voice import Transcriber  # type: ignore[import-untyped]  # ships no types

LONGEST_MS = 30_000
"""Of an utterance longer than this only the last part is heard."""

_EAR_RATE = 16_000
_FRAME = mulaw.RATE // 50
_AUDIBLE = 10 ** (-45 / 20)  # RMS of a 20 ms frame that may be speech
_SHORTEST_FRAMES = 3
_LEVEL = 10 ** (-20 / 20)
# Kept beside what is audible: a soft `f` or `s`. More silence before it is heard as "You".
_EDGE_FRAMES = 3
_LEAD_MS = 100  # of silence around the utterance: without it first and last sounds are lost

# what the model says of a cough, a click or line noise; a real "you" alone lasts longer
_HALLUCINATED = re.compile(r"(?:you|uh|oh|um|the|thank you|bye)", re.IGNORECASE)
_HALLUCINATED_FRAMES = 12

_CLEANING = [
    (re.compile(r"[\"\u201c\u201d]|(?<![^\W_])['\u2018\u2019]|['\u2019](?![^\W_])"), ""),
    (re.compile(r"^[\s,.?!;:]+"), ""),
    # A breath before the first word is heard as one of its own.
    (re.compile(r"^You (?=(?!I\b)[A-Z])"), ""),
    (re.compile(r"\b([Tt])o-(morrow|day|night)\b"), r"\1o\2"),
    (re.compile(r"\b([Gg])ood[- ]bye\b"), r"\1oodbye"),
    (re.compile(r"\b([ap])[. ]{1,2}m\b\.*(?=(\s*$)?)", re.IGNORECASE), None),
    (re.compile(r"(?<=[^\W\d])-(?=[^\W\d])|(?<=\d)-(?=[^\W\d])|(?<=[^\W\d])-(?=\d)"), " "),
    (re.compile(r"\.{2,}|\u2026"), "."),
    (re.compile(r"\s+([,.?!])"), r"\1"),
    (re.compile(r"\s+"), " "),
    # It begins again with what it has heard already, and breaks off in the middle of a word.
    (re.compile(r"\b(\w[^,.?!]{6,60}\w)(\w{1,20}), \1 (?=[A-Z])"), r"\1\2. "),
    (re.compile(r"[,;:]+(?=[.?!])"), ""),
    (re.compile(r"[,;:]$"), "."),
]
_SENTENCE = re.compile(r"(?:^|(?<=[.?!] ))[a-z]")


class MoonshineEar:
    """Hears English on one thread: utterances wait for each other, at some 0.06 of real time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ear")
        self._transcriber: Transcriber | None = None

    async def load(self) -> None:
        """Load the model now (about 0.5 s) instead of at the first utterance.

        Raises:
            ConfigError: the `rehearsal` extra is not installed.
        """
        await asyncio.get_running_loop().run_in_executor(self._threads, self._ready)

    async def hear(self, audio: bytes) -> str:
        """Return what was said in mu-law audio; empty when nothing audible was.

        Raises:
            ConfigError: the `rehearsal` extra is not installed.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._transcribe, audio)

    def close(self) -> None:
        """Let the thread end; what is being heard is finished first."""
        self._threads.shutdown(wait=False)

    def _ready(self) -> Transcriber:
        if self._transcriber is None:
            try:
                from moonshine_voice import ModelArch, Transcriber
            except ImportError as absent:
                raise not_installed("moonshine_voice") from absent
            model = packaged_file("moonshine_voice", "assets/tiny-en/tokenizer.bin").parent
            self._transcriber = Transcriber(str(model), ModelArch.TINY)
        return self._transcriber

    def _transcribe(self, audio: bytes) -> str:
        samples = mulaw.to_samples(audio[-LONGEST_MS * mulaw.RATE // 1000 :])
        levels = _levels(samples)
        audible = levels[levels > _AUDIBLE]
        if len(audible) < _SHORTEST_FRAMES:
            return ""
        loud = np.flatnonzero(levels > _AUDIBLE)
        first, last = max(0, int(loud[0]) - _EDGE_FRAMES), int(loud[-1]) + 1 + _EDGE_FRAMES
        samples = samples[first * _FRAME : last * _FRAME]
        samples = samples * min(4.0, _LEVEL / float(np.sqrt((audible**2).mean())))
        silence = np.zeros(_LEAD_MS * mulaw.RATE // 1000, np.float32)
        samples = np.concatenate([silence, np.clip(samples, -1, 1), silence])
        wide = mulaw.resample(samples, mulaw.RATE, _EAR_RATE)
        transcript = self._ready().transcribe_without_streaming(wide.tolist(), _EAR_RATE)
        heard = clean(" ".join(line.text for line in transcript.lines))
        return "" if _made_up(heard, len(audible)) else heard


def clean(transcript: str) -> str:
    """Return the transcript without the model's odd spellings: `to-morrow`, `p M..`, hyphens.

    It begins its sentences with capital letters, and ends with no comma.
    """
    text = transcript.strip()
    for pattern, wanted in _CLEANING:
        text = pattern.sub(_half_of_day if wanted is None else wanted, text).strip()
    return _SENTENCE.sub(lambda found: found[0].upper(), text)


def _half_of_day(found: re.Match[str]) -> str:
    return f"{found[1].upper()}M" + ("." if found[2] is not None and found[0][-1] == "." else "")


def _made_up(heard: str, audible_frames: int) -> bool:
    words = heard.strip(" .,?!")
    if not words:
        return True
    return audible_frames < _HALLUCINATED_FRAMES and bool(_HALLUCINATED.fullmatch(words))


def _levels(samples: mulaw.Samples) -> mulaw.Samples:
    whole = len(samples) // _FRAME * _FRAME
    power = (samples[:whole].reshape(-1, _FRAME) ** 2).mean(axis=1)
    return np.asarray(np.sqrt(power), dtype=np.float32)
