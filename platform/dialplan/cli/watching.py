"""Shows a call in the terminal while it runs, and keeps what is left of it."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dialplan.emulators.conversations.expectations import shares
from dialplan.emulators.desk.talk import AnswerHeard
from dialplan.emulators.desk.wire import CallOver, Event
from dialplan.emulators.twilio.record import (
    Answered,
    BufferCleared,
    Notified,
    NumberDialled,
    Ringing,
)
from dialplan.errors import ConfigError
from dialplan.store.facts import CallBegan, CallEnded, HandedOff, ToolRan, TurnSpoken, TurnTimed

# The server hangs up by closing the stream, which Twilio logs as an error and a caller never hears.
CLOSED_BY_SERVER = 31921


class Watcher:
    """Prints what happens in one call as it comes, and remembers it for the transcript."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._answers: list[int] = []
        self._times: list[str] = []
        self.lines: list[str] = []

    def __call__(self, event: Event) -> None:
        """Show one event; what says nothing to a reader is left out."""
        match event:
            case Ringing():
                self._began = time.monotonic()
                self._show("dim", "carrier", f"rings, call {event.call_sid}")
            case Answered():
                self._began = time.monotonic()
                self._show("dim", "carrier", "answered")
            case CallBegan():
                self._show("dim", "server", f"{event.called} is {event.tenant} / {event.vertical}")
            case TurnSpoken(speaker="caller"):
                self._show("bold cyan", "caller", event.text)
            case TurnSpoken():
                self._show("bold green", event.agent, event.text)
            case ToolRan():
                given = json.dumps(event.arguments, ensure_ascii=False, default=str)
                what = f"{event.tool} {given} -> {event.status} in {event.ms:.0f} ms"
                self._show("yellow", "tool", what)
            case HandedOff():
                self._show("magenta", "handoff", f"{event.source} -> {event.target}")
            case TurnTimed() if event.answer_ms is not None:
                what = f"turn {event.number}" if event.number else "greeting"
                self._times.append(f"{what} {shares(event)}")
            case AnswerHeard():
                self._answers.append(event.after_ms)
                self._show("blue", "latency", f"first sound after {event.after_ms} ms")
            case BufferCleared():
                self._show("red", "barge-in", "the agent falls silent")
            case NumberDialled():
                self._show("magenta", "carrier", f"dials {event.number}")
            case Notified(notification=note) if note.code != CLOSED_BY_SERVER:
                self._show("red", "carrier", f"{note.level} {note.code}: {note.message}")
            case CallEnded():
                ended = f"ended by {event.reason} after {event.duration_ms / 1000:.1f} s"
                self._show("dim", "server", ended)
            case CallOver():
                self._show("dim", "carrier", f"{event.status}, ended by {event.ended_by}")
                self._sum_up()
            case _:
                pass

    def _sum_up(self) -> None:
        for one in self._times:
            self._show("dim", "time", one)
        if self._answers:
            typical, worst = statistics.median(self._answers), max(self._answers)
            what = f"{len(self._answers)} answers, median {typical:.0f} ms, worst {worst} ms"
            self._show("blue", "latency", what)

    def _show(self, style: str, who: str, what: str) -> None:
        at = time.monotonic() - self._began
        self.lines.append(f"{at:6.1f}  {who:>12}  {what}")
        self._console.print(
            f"[dim]{at:6.1f}[/]  [{style}]{escape(who):>12}[/]  {escape(what)}",
            highlight=False,
            soft_wrap=True,
        )


def keep(call_sid: str, wav: bytes, lines: list[str], folder: Path) -> tuple[Path, Path]:
    """Write the call's audio (left: caller, right: agent) and its transcript; return both paths.

    Raises:
        ConfigError: the folder cannot be written.
    """
    audio, transcript = folder / f"{call_sid}.wav", folder / f"{call_sid}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        audio.write_bytes(wav)
        transcript.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as exc:
        raise ConfigError(
            f"cannot keep the call in `{folder}`: {exc.strerror}; set `DIALPLAN_DATA`"
        ) from exc
    return audio, transcript
