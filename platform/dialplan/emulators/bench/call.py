"""One emulated call as both of its ends know it: what was sent when, what has arrived, how late."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import inf

from dialplan.emulators.bench.sound import Listener, Sound

FRAME_BYTES = 160
FRAME_S = 0.02
BYTES_PER_S = 8000


@dataclass(slots=True)
class Recorder:
    """Measured values of all calls, in seconds: of what was sent in a window, however late it came.

    To count what arrives in it instead would leave out, at its end, just what was held up longest.

    Attributes:
        since, until: the window, in the time of `perf_counter`; nothing is kept before `begin`.
        up: for every caller frame, from its sending to the arrival of the append that carries it.
        up_last: the same for the last frame of each append: what batching adds is not in it.
        down: for every delta, from its sending to the arrival of the media that completes it.
        faults: what an end could not make sense of, by kind.
    """

    since: float = inf
    until: float = inf
    up: array[float] = field(default_factory=lambda: array("d"))
    up_last: array[float] = field(default_factory=lambda: array("d"))
    down: array[float] = field(default_factory=lambda: array("d"))
    faults: dict[str, int] = field(default_factory=dict)

    def begin(self, now: float) -> None:
        """Keep what is sent from now on."""
        self.since, self.until = now, inf

    def end(self, now: float) -> None:
        """Keep nothing of what is sent from now on."""
        self.until = now

    def fault(self, kind: str) -> None:
        """Count something that should not have been."""
        self.faults[kind] = self.faults.get(kind, 0) + 1


class Call:
    """Both directions of one call.

    Attributes:
        number: the caller's number, by which the model's end knows the call.
        phase: where in the 20 ms of a frame this call sends, 0 to 1, so that calls do not
            send all at once.
        talking: whether the ends still send audio.
    """

    def __init__(self, index: int, *, delta_ms: int, recorder: Recorder) -> None:
        self.index = index
        self.number = f"+1555{index:07d}"
        self.delta_ms = delta_ms
        # The golden ratio spreads any number of calls evenly.
        self.phase = index * 0.618034 % 1.0
        self.talking = True
        self.asked_at = 0.0
        self.first_audio_at: float | None = None
        self.up_sent = array("d")
        self.down_sent = array("d")
        self.up_sound = Sound(index, "up", FRAME_BYTES)
        self.down_sound = Sound(index, "down", delta_ms * BYTES_PER_S // 1000)
        self._up = Listener(self.up_sound)
        self._down = Listener(self.down_sound)
        self._recorder = recorder

    def next_slot(self, now: float, every_s: float) -> float:
        """Return this call's next turn to send at or after `now`."""
        offset = self.phase * every_s
        return (int((now - offset) / every_s) + 1) * every_s + offset

    def arrived_up(self, audio: bytes, now: float) -> None:
        """Take audio of one append."""
        numbers, note, at = self._up.take(audio), self._recorder, 0.0
        for number in numbers:
            at = self.up_sent[number]
            if note.since <= at < note.until:
                note.up.append(now - at)
        if numbers and note.since <= at < note.until:
            note.up_last.append(now - at)

    def arrived_down(self, audio: bytes, now: float) -> None:
        """Take audio of one media message."""
        if self.first_audio_at is None:
            self.first_audio_at = now
        note = self._recorder
        for number in self._down.take(audio):
            at = self.down_sent[number]
            if note.since <= at < note.until:
                note.down.append(now - at)

    def account(self) -> tuple[Listener, Listener]:
        """Close both directions and return them, up first; call it once all had time to arrive."""
        self._up.close(len(self.up_sent))
        self._down.close(len(self.down_sent))
        return self._up, self._down
