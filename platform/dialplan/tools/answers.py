"""What the model reads after it asked for a tool: six kinds of answer, each one JSON text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "not_found", "refused", "confirm", "invalid", "failed"]

OUT_OF_SCOPE = (
    "You have no tool `{tool}`. Use only the tools you were given; "
    "when none fits, tell the caller what you can do."
)
MOST_SENTENCE = 1_000
"""The longest reason of a tool's own that a model is given, in characters."""
MOST_CHARACTERS = 16_000
"""The longest result that a model is given, in characters."""

NOT_FOUND = "Nothing was found or changed with these values."
DONE_BEFORE = "The very same was done earlier in this call."
NOT_KNOWN = (
    "The articles say nothing about this. "
    "Tell the caller that you do not know, and do not answer from elsewhere."
)
ONLY_THESE = (
    "Answer from these passages alone and name the title of the article that you use. "
    "When they do not answer the question, say that you do not know."
)
FAILED = (
    "This did not work because of a technical problem. "
    "Tell the caller, and offer another way; do not invent a result."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, and the fields beside it."""

    status: Status
    fields: Mapping[str, object]

    def text(self) -> str:
        """The JSON text for the model."""
        return json.dumps({"status": self.status, **self.fields}, ensure_ascii=False)


def ok(result: object) -> Answer:
    """It was done. A long list is shortened, and says so."""
    if isinstance(result, list):
        kept, length = [], 0
        for item in result:
            length += len(json.dumps(item, ensure_ascii=False))
            if length > MOST_CHARACTERS:
                break
            kept.append(item)
        if len(kept) < len(result):
            return Answer("ok", {"result": kept, "left_out": len(result) - len(kept)})
    elif len(json.dumps(result, ensure_ascii=False)) > MOST_CHARACTERS:
        return failed(None)
    return Answer("ok", {"result": result})


def retrieved(result: object) -> Answer:
    """Passages of articles, with what the model may make of them."""
    answer = ok(result)
    return Answer(answer.status, {**answer.fields, "message": ONLY_THESE})


def not_known() -> Answer:
    """No article was near enough to the question."""
    return Answer("not_found", {"message": NOT_KNOWN})


def not_found(*, done_before: bool = False) -> Answer:
    """It ran and there was nothing; `done_before` may be the reason."""
    return Answer(
        "not_found", {"message": f"{NOT_FOUND} {DONE_BEFORE if done_before else ''}".rstrip()}
    )


def needs_first(missing: Sequence[str], first: Sequence[str]) -> Answer:
    """The call does not know enough yet; `first` are tools that would tell it."""
    names = ", ".join(missing)
    message = f"Not yet: {names} must be known first."
    if first:
        message += f" Use {' or '.join(first)} before."
    return Answer("refused", {"message": message, "first": list(first)})


def not_possible(sentence: str) -> Answer:
    """The data forbids it (a unique or foreign key, a check): why, and what may be done."""
    return Answer("refused", {"message": sentence, "first": []})


def declined(sentence: str) -> Answer:
    """The tool itself will not do it, in its own words."""
    return Answer("refused", {"message": sentence[:MOST_SENTENCE], "first": []})


def out_of_scope(tool: str) -> Answer:
    """Whoever asked does not have this tool: it belongs to another agent, or to nobody."""
    return Answer("refused", {"message": OUT_OF_SCOPE.format(tool=tool[:64]), "first": []})


def confirm(tool: str, say: str, *, done_before: bool = False) -> Answer:
    """The caller must agree first, and agree anew to what was done before."""
    message = (
        f"{DONE_BEFORE} Unless the caller wants it once more, tell them that it is done. If so: "
        if done_before
        else ""
    ) + (
        "Ask the caller exactly this. "
        f"When they agree, call {tool} again with the same arguments; when not, do not."
    )
    return Answer("confirm", {"say": say, "message": message})


def invalid(parameter: str, message: str) -> Answer:
    """An argument cannot be used."""
    return Answer("invalid", {"message": message, "parameter": parameter})


def failed(say: str | None) -> Answer:
    """It broke; why is in the log, not here."""
    return Answer("failed", {"message": FAILED} | ({"say": say} if say else {}))
