"""Who speaks when on a line, and how long each answer took, judged by the ear as a caller would.

It has no clock: a frame is 20 ms. It must know nothing of streams, marks or what was meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dialplan.emulators.twilio.caller import Caller, is_speech
from dialplan.protocols.audio import FRAME_MS, silence

# Three loud frames are speech, a click has fewer; shorter gaps lie inside a sentence.
ONSET_FRAMES = 3
GAP_MS = 240

Who = Literal["caller", "agent"]


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody began to speak `at_ms` after the answer."""

    who: Who
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechOver:
    """Somebody fell silent `at_ms` after the answer."""

    who: Who
    at_ms: int


@dataclass(frozen=True, slots=True)
class AnswerHeard:
    """The first sound of an answer; `after_ms` counts from the end of the caller's speech.

    The greeting counts from the moment of the answer.
    """

    at_ms: int
    after_ms: int


Heard = SpeechBegan | SpeechOver | AnswerHeard


class _Side:
    """One side of the line."""

    def __init__(self, who: Who) -> None:
        self.who = who
        self.speaking = False
        self.began_at = 0
        self.last_loud = 0
        self._loud = 0

    def hear(self, loud: bool, now_ms: int) -> list[Heard]:
        if loud:
            self._loud += 1
            if self.speaking or self._loud >= ONSET_FRAMES:
                self.last_loud = now_ms + FRAME_MS
            if not self.speaking and self._loud >= ONSET_FRAMES:
                self.speaking = True
                self.began_at = now_ms - (ONSET_FRAMES - 1) * FRAME_MS
                return [SpeechBegan(self.who, self.began_at)]
            return []
        self._loud = 0
        if self.speaking and now_ms - self.last_loud >= GAP_MS:
            self.speaking = False
            return [SpeechOver(self.who, self.last_loud)]
        return []


class Talk:
    """Follows both sides of one line from its answer."""

    def __init__(self) -> None:
        self._caller = _Side("caller")
        self._agent = _Side("agent")
        self._awaiting = True

    def hear(self, caller: bytes, agent: bytes, now_ms: int) -> list[Heard]:
        """Take 20 ms of each side; return what they prove."""
        said = self._caller.hear(is_speech(caller), now_ms)
        if any(isinstance(one, SpeechBegan) for one in said):
            self._awaiting = True
        answered = self._agent.hear(is_speech(agent), now_ms)
        heard = [*said, *answered]
        if self._awaiting and any(isinstance(one, SpeechBegan) for one in answered):
            after = self._agent.began_at - self._caller.last_loud
            # An agent that speaks up while the caller talks has not answered yet.
            if after >= 0:
                self._awaiting = False
                heard.append(AnswerHeard(self._agent.began_at, after))
        return heard


class Overheard:
    """A caller with somebody who listens in; a `Caller` itself."""

    def __init__(self, caller: Caller, tell: Callable[[Heard], None]) -> None:
        self._caller = caller
        self._tell = tell
        self._talk = Talk()
        self._agent = silence(FRAME_MS)

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Pass on what came out of the receiver."""
        self._agent = audio
        self._caller.heard(audio, now_ms)

    def digits(self, now_ms: int) -> str:
        """Pass on the keys."""
        return self._caller.digits(now_ms)

    def frame(self, now_ms: int) -> bytes | None:
        """Pass on 20 ms of the caller, and listen to both sides."""
        frame = self._caller.frame(now_ms)
        for one in self._talk.hear(frame or silence(FRAME_MS), self._agent, now_ms):
            self._tell(one)
        return frame

    def wants_to_hang_up(self, now_ms: int) -> bool:
        """Pass on the caller's wish."""
        return self._caller.wants_to_hang_up(now_ms)
