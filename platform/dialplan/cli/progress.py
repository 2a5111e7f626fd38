"""Tells what a command is doing while nothing else is to be seen."""

from __future__ import annotations

import time

from rich.console import Console
from rich.status import Status


class Progress:
    """A line that turns while a step lasts, and stays with its time once it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._step = ""
        self._began = 0.0

    def __call__(self, step: str) -> None:
        """Begin a step; the one before is done."""
        self.done()
        self._step, self._began = step, time.monotonic()
        if self._console.is_terminal:
            self._status = self._console.status(f"[dim]{step}[/]")
            self._status.start()
        else:
            self._console.print(f"{step} ...", highlight=False)

    def done(self) -> None:
        """End the last step."""
        if self._status is not None:
            self.stop()
            took = time.monotonic() - self._began
            self._console.print(f"[dim]{took:6.1f} s  {self._step}[/]", highlight=False)

    def stop(self) -> None:
        """Let go of the terminal; safe twice."""
        if self._status is not None:
            self._status.stop()
            self._status = None
