"""Calls of made-up trades that are over, read by the rehearsal model; prints what it missed.

First run, unseen: 35 of 41 fields of `calls.json`, and 38 of 41 of `conditions.json`, where half of
the texts hang on another field. A fault that the first showed has been mended since (a value that
the caller names), so what is printed now is more than new calls would get.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.openai.mind import AnswerForm, Message
from dialplan.emulators.rehearsal.mind import RehearsalMind
from dialplan.jobs.fields import check_fields, fields_schema
from dialplan.knowledge.minilm import Embedder
from dialplan.model.after_call import AfterCall

FOLDER = Path(__file__).parent
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def read(mind: RehearsalMind, call: dict[str, Any], began_at: str) -> dict[str, Any]:
    after = AfterCall.model_validate({"fields": call["fields"]})
    record = {"call": {"began_at": began_at}, "record": call["record"]}
    form = AnswerForm("call_fields", fields_schema(after))
    answer = json.loads(mind.fill_in(form, [Message("user", json.dumps(record))]))
    values, wrong = check_fields(after, answer)
    assert wrong == []
    return dict(values)


@pytest.mark.parametrize("file", ["calls.json", "conditions.json"])
def test_unseen_calls_are_read(file: str) -> None:
    mind = RehearsalMind(Embedder(), lambda: NOW)
    unseen = json.loads((FOLDER / file).read_text())
    total = right = 0
    for call in unseen["calls"]:
        got = read(mind, call, unseen["began_at"])
        for name, wanted in call["wanted"].items():
            total += 1
            right += got[name] == wanted
            if got[name] != wanted:
                print(f"{name}: wanted {wanted!r}, got {got[name]!r}")  # noqa: T201  the figures

    print(f"{right} of {total} fields")  # noqa: T201  the figures
    assert right >= 0.8 * total
