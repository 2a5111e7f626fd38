"""A line in another language: what its callers would still hear in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time

from dialplan.config.lint.notes import Notes
from dialplan.config.lint.sql import ToolSql
from dialplan.config.lint.texts import TemplateText
from dialplan.config.problem import listed
from dialplan.config.steps import Steps
from dialplan.model.vertical import Vertical
from dialplan.model.voice import DAYS, Hours, Then
from dialplan.prompts.spoken import is_english

_AT: Steps = ("voice", "sentences")
_MIDNIGHT = time(0)


def check_languages(
    notes: Notes, vertical: Vertical, texts: list[TemplateText], sql: Mapping[str, ToolSql]
) -> None:
    """Note the sentences that are left at their English defaults though the line is not English."""
    language = vertical.voice.languages.default
    if is_english(language):
        return
    sentences = vertical.voice.sentences
    if left := [name for name in _heard(vertical) if name not in sentences.model_fields_set]:
        message = f"callers of a line in `{language}` hear {listed(left)} in English"
        _note(notes, _AT, message)
    read = {name for text in texts for name in text.names}
    read |= {name for one in sql.values() for name in one.binds}
    told = [
        name for name in _told(vertical.hours, read) if name not in sentences.hours.model_fields_set
    ]
    if told:
        message = f"the hours of a line in `{language}` are told in English: {listed(told)}"
        _note(notes, (*_AT, "hours"), message)


def _note(notes: Notes, steps: Steps, message: str) -> None:
    hint = f"write them under `{'.'.join(map(str, steps))}`"
    there = notes.written(steps)
    if len(there) < len(_AT):
        notes.at(("voice", "languages", "default"), "W433", message, hint)
    else:
        notes.at(there, "W433", message, hint, key=True)


def _heard(vertical: Vertical) -> Iterator[str]:
    """The sentences that a caller of the vertical can hear."""
    yield from ("still_there", "silence_goodbye", "limit_goodbye")
    away = vertical.when_unavailable
    transfers = any(tool.builtin == "transfer" for tool in vertical.tools.values())
    if away is not None and away.takes_messages:
        yield from ("leave_message", "message_left")
    elif away is None or isinstance(away.then, Then) or transfers:
        yield "cannot_take_call"


def _told(hours: Hours | None, read: set[str]) -> Iterator[str]:
    """The words that something of the vertical reads."""
    today = bool(read & {"call.hours_today", "call"})
    if hours is None:
        if today:
            yield "all_day"
        return
    spans = [span for day in hours.week.values() for span in day]
    whole = [span for span in spans if span.opens == span.closes == _MIDNIGHT]
    parts = [span for span in spans if span not in whole]
    if today:
        if parts:
            yield from ("open", "span")
        if any(span.closes == _MIDNIGHT for span in parts):
            yield "midnight"
        if whole:
            yield "all_day"
        if sum(map(bool, hours.week.values())) < len(DAYS):
            yield "closed"
        if hours.holidays is not None:
            yield "holiday"
    if read & {"call.next_opening", "call"} and spans:
        yield from ("today", "tomorrow", "later")
