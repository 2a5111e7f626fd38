"""The transcript of a call, in the words that were heard.

An agent's words are known before the caller has heard them, and a barge-in may cut them; so a line
of an agent is given out once its fate is known. Words are cut in proportion to the audio, as the
model gives no time for a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialplan.call.playback import BYTES_PER_MS, Truncation, payload_bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One turn. `heard_ms` is how much of an agent's audio was heard, None for the caller."""

    speaker: str
    agent: str
    text: str
    heard_ms: int | None = None


@dataclass(slots=True)
class _Spoken:
    agent: str
    text: str | None = None
    audio_bytes: int = 0
    cut_ms: int | None = None

    def line(self) -> Line:
        total_ms = self.audio_bytes // BYTES_PER_MS
        if self.cut_ms is None or self.cut_ms >= total_ms:
            return Line("agent", self.agent, self.text or "", total_ms)
        words = (self.text or "").split()
        kept = words[: len(words) * self.cut_ms // total_ms]
        return Line("agent", self.agent, " ".join(kept), self.cut_ms)


class Transcript:
    """Collects what is said; gives out lines in the order they were heard."""

    def __init__(self) -> None:
        self._open: dict[str, _Spoken] = {}

    def audio(self, agent: str, item_id: str, payload_b64: str) -> None:
        """Note audio of an agent's item that went to the caller."""
        spoken = self._open.get(item_id)
        if spoken is None:
            spoken = self._open[item_id] = _Spoken(agent)
        spoken.audio_bytes += payload_bytes(payload_b64)

    def agent_said(self, item_id: str, text: str) -> None:
        """Note the words of an item; without audio nobody heard them."""
        if item_id in self._open:
            self._open[item_id].text = text

    def cut(self, truncations: tuple[Truncation, ...]) -> None:
        """Note how much of each item was heard when the caller barged in."""
        for one in truncations:
            if one.item_id in self._open:
                self._open[one.item_id].cut_ms = one.audio_end_ms

    def caller_said(self, text: str) -> list[Line]:
        """Return the agent's lines before this turn, then the turn; nothing for empty text."""
        lines = self.settle()
        if text.strip():
            lines.append(Line("caller", "", text.strip()))
        return lines

    def settle(self, *, last: bool = False) -> list[Line]:
        """Return the lines of items whose words are known (at the end: of all) and forget them."""
        done = [key for key, one in self._open.items() if last or one.text is not None]
        lines = [self._open.pop(key).line() for key in done]
        return [line for line in lines if line.text]
