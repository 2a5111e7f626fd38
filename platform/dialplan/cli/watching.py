"""Shows a call in the terminal while it runs, and keeps what is left of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dialplan.emulators.house import House
from dialplan.emulators.twilio.caller import AudioCaller, ScriptedCaller
from dialplan.emulators.twilio.record import CallRecord
from dialplan.emulators.twilio.wav import write_wav
from dialplan.store.facts import CallBegan, CallEnded, Fact, HandedOff, ToolRan, TurnSpoken


class Watcher:
    """Prints the facts of calls as they come, and remembers them for the transcript."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self.lines: list[str] = []

    def __call__(self, fact: Fact) -> None:
        """Show one fact."""
        match fact:
            case CallBegan():
                self._began = time.monotonic()
                self._show("dim", "call", f"{fact.called} rings {fact.tenant} / {fact.vertical}")
            case TurnSpoken(speaker="caller"):
                self._show("bold cyan", "caller", fact.text)
            case TurnSpoken():
                self._show("bold green", fact.agent, fact.text)
            case ToolRan():
                given = json.dumps(fact.arguments, ensure_ascii=False)
                what = f"{fact.tool} {given} -> {fact.status} in {fact.ms:.0f} ms"
                self._show("yellow", "tool", what)
            case HandedOff():
                self._show("magenta", "handoff", f"{fact.source} -> {fact.target}")
            case CallEnded():
                ended = f"ended by {fact.reason} after {fact.duration_ms / 1000:.1f} s"
                self._show("dim", "call", ended)

    def _show(self, style: str, who: str, what: str) -> None:
        at = time.monotonic() - self._began
        self.lines.append(f"{at:6.1f}  {who:>12}  {what}")
        self._console.print(
            f"[dim]{at:6.1f}[/]  [{style}]{who:>12}[/]  {escape(what)}", highlight=False
        )


async def ring(
    house: House, number: str, from_: str, caller: ScriptedCaller | AudioCaller
) -> CallRecord:
    """Place one call and return its record once it is over."""
    return await house.stage.carrier.place(to=number, from_=from_, caller=caller, limit_s=300)


def keep(record: CallRecord, lines: list[str], folder: Path) -> tuple[Path, Path]:
    """Write the call's audio (left: caller, right: agent) and its transcript; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    audio, transcript = folder / f"{record.call_sid}.wav", folder / f"{record.call_sid}.txt"
    write_wav(record, audio)
    transcript.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return audio, transcript
