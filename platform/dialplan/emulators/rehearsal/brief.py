"""What a session gives the rehearsal model to go by. It must not change the conversation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from dialplan.emulators.rehearsal.choose import Choice, Chooser
from dialplan.emulators.rehearsal.rules import answer, hints
from dialplan.emulators.rehearsal.state import (
    State,
    Toolbox,
)
from dialplan.emulators.rehearsal.verbalise import spoken_fields

QUESTION = re.compile(
    r"\?|^(?:what|when|where|who|which|how|why|do you|does|is there|are there|are you"
    r"|can i|is it|could i|should i)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a session says, its tools and its prompt, with the hour and a way to compare."""

    box: Toolbox
    instructions: str
    now: datetime
    chooser: Chooser


def told(state: State, text: str, brief: Brief) -> str | None:
    """Return the known sentence that answers `text`, or None."""
    fact = find_fact(state, text, brief)
    return fact[0] if fact else None


def find_fact(state: State, text: str, brief: Brief) -> tuple[str, float] | None:
    """Return the known sentence nearest to `text` with its score, or None."""
    known = [s for _, row in state.objects[-3:] for s in spoken_fields(row, brief.now)]
    return answer(text, brief.instructions, known, brief.chooser)


def rank(text: str, brief: Brief, *, handoffs: bool = True) -> list[Choice]:
    """Return the tools by how well `text` asks for them, best first."""
    tools = [t for t in brief.box.tools if not t.hangs_up and (handoffs or not t.is_handoff)]
    return brief.chooser.rank(text, tools, brief.now, hints(brief.instructions, brief.box.tools))
