"""The record of a call that is over, as a text model is given it. It must not judge anything.

Read for its form, whoever wrote it: a JSON object with a list of what was said and done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from dialplan.emulators.openai.mind import Item, Message
from dialplan.emulators.rehearsal.lexicon import reply, small_talk

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn of the caller, and what an agent had said before it."""

    before: str
    text: str

    @property
    def question(self) -> str:
        """The question that it answers, empty where it answers none."""
        asked = [one for one in sentences(self.before) if one.endswith("?")]
        return asked[-1] if asked else ""


@dataclass(frozen=True, slots=True)
class Deed:
    """A tool that ran: its name in words, and what it was given."""

    words: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Record:
    """What was said and done. `began` is when, by the clock of the business."""

    heard: Sequence[Heard]
    deeds: Sequence[Deed]
    began: datetime

    def wishes(self) -> list[str]:
        """Return the caller's sentences that say something: no greeting, no yes or no."""
        return [
            one
            for turn in self.heard
            for one in sentences(turn.text)
            if re.search(r"\w", one)
            and not (reply(one) is not None and len(one.split()) < 5)
            and not (small_talk(one) is not None and len(one.split()) < 7)
        ]


def read_record(items: Sequence[Item], clock: datetime) -> Record:
    """Return the record among the messages; without one they are the conversation itself."""
    said = [one for one in items if isinstance(one, Message)]
    for message in said:
        found = _json(message.text) if message.role == "user" else None
        entries = next((one for one in (found or {}).values() if _is_entries(one)), None)
        if found is not None and entries is not None:
            return _made(entries, _began(found) or clock)
    return _made(
        [{"caller": one.text} if one.role == "user" else {"says": one.text} for one in said], clock
    )


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [one.strip() for one in _SENTENCE.split(text) if one.strip()]


def _made(entries: Sequence[Mapping[str, object]], began: datetime) -> Record:
    heard: list[Heard] = []
    deeds: list[Deed] = []
    before: list[str] = []
    for one in entries:
        if isinstance(one.get("says"), str):
            before.append(str(one["says"]))
        elif isinstance(one.get("caller"), str):
            heard.append(Heard(" ".join(before), str(one["caller"])))
            before.clear()
        elif isinstance(one.get("tool"), str) and one.get("outcome", "ok") == "ok":
            given = one.get("arguments")
            words = str(one["tool"]).replace("_", " ")
            deeds.append(Deed(words, given if isinstance(given, Mapping) else {}))
    return Record(heard, deeds, began)


def _json(text: str) -> Mapping[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_entries(value: object) -> TypeGuard[list[Mapping[str, object]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(x, dict) for x in value)


def _began(record: Mapping[str, object]) -> datetime | None:
    for value in _values(record):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            continue
        if "T" in value:
            return moment
    return None


def _values(record: Mapping[str, object]) -> Iterator[str]:
    """Yield the texts that say something of the call as a whole."""
    for value in record.values():
        if isinstance(value, dict):
            yield from (one for one in value.values() if isinstance(one, str))
