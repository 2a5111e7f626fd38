"""Fills a JSON schema from the record of a call that is over, field by field.

The rules know words that mean the same in every business, and no business: a field is understood by
its name, its description and its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialplan.config.jsonschemas import Draft202012Validator
from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.choose import ENOUGH, Chooser
from dialplan.emulators.rehearsal.conditions import CATCH_ALL, condition_of, statement_of
from dialplan.emulators.rehearsal.lexicon import (
    ACTIONS,
    negated,
    reply,
    tone,
    verbs_done,
    verbs_named,
)
from dialplan.emulators.rehearsal.numerals import with_digits
from dialplan.emulators.rehearsal.record import Record
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.toolbox import Parameter, Tool, read_tool

ALIKE = 0.45
"""From this cosine on a sentence speaks of what a description says."""
ASKS = 0.5
"""And from this one a question asks for it."""
LIKELY = 0.28
"""This is enough beside other signs: for a deed of the same kind; or, where no value stands for all
else, for the nearest one ..."""
CLEARLY = 0.1
"""... if the next one is this much further away."""
REACH = 4
"""How many words lie between a number and what it counts, at most."""

_GOOD = frozenset("positive happy satisfied pleased good friendly".split())
_BAD = frozenset("negative unhappy unsatisfied dissatisfied angry upset bad frustrated".split())
_DULL = frozenset(
    "the a an of to in on at for and or is was be been are has have had how many much what which "
    "that this number caller they them their it its with by from most whole between want wants "
    "need needs like would about call".split()
)
_HELLO = re.compile(r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))\b[,.! ]*)+", re.I)
_ASKED_FOR = frozenset(
    "summary request reason want wants wanted wish need needs needed about issue problem topic "
    "concern question message note notes subject matter purpose inquiry enquiry".split()
)
_FORMS = {
    "date-time": "2026-03-02T14:30",
    "time": "14:30",
    "date": "2026-03-02",
    "phone": "+15550107788",
}
_PARSED = frozenset({"date", "time", "date-time", "phone", "email", "name", "person", "code"})
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Fills schemas; keeps nothing but the embedder's cache."""

    chooser: Chooser

    def fill_in(self, schema: Mapping[str, Any], record: Record) -> dict[str, Any]:
        """Return an object that fits the schema: null where nothing was said of a field."""
        properties: Mapping[str, Any] = schema.get("properties") or {}
        told = {name: _formed(one) for name, one in properties.items()}
        tool = read_tool(ToolDefinition("read", "", {"properties": told, "required": [*told]}))
        spoken = self._spoken(tool, record)
        values: dict[str, Any] = {}
        for parameter in tool.parameters:
            name, wanted = parameter.name, properties[parameter.name]
            for value in (
                _given(name, record),
                spoken.get(name),
                self._judged(parameter, record),
            ):
                fitting = _fitting(value, wanted)
                if fitting is not None:
                    values[name] = fitting
                    break
            else:
                values[name] = _nothing(wanted)
        return values | self._emptied(tool.parameters, values, properties)

    def _emptied(
        self,
        parameters: Sequence[Parameter],
        values: Mapping[str, Any],
        properties: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the fields that hang on what is not so, with nothing in them."""
        hang = {one.name: condition_of(one, parameters, self.chooser) for one in parameters}
        return {
            name: _nothing(properties[name])
            for name, condition in hang.items()
            if condition is not None and not condition.met(values[condition.field])
        }

    def _spoken(self, tool: Tool, record: Record) -> dict[str, Any]:
        """Return what has a form of its own, as it was last said: phones, dates, names."""
        parsed = [one for one in tool.parameters if one.kind in _PARSED]
        found: dict[str, Any] = {}
        for turn in record.heard if parsed else ():
            asked = self._asked(parsed, turn.question)
            found |= fill(parsed, turn.text, record.began, asked=asked)
        return found

    def _asked(self, parameters: list[Parameter], question: str) -> str | None:
        """Return the parameter that a question asks for, if it is one of these."""
        if not question:
            return None
        near = self.chooser.similarity(question, [one.question for one in parameters])
        best = max(range(len(near)), key=near.__getitem__)
        return parameters[best].name if near[best] >= ASKS else None

    def _judged(self, parameter: Parameter, record: Record) -> object:
        match parameter.kind:
            case "enum":
                return self._chosen(parameter, record)
            case "boolean":
                return self._holds(parameter, record)
            case "number":
                return self._counted(parameter, record)
            case "text":
                return self._worded(parameter, record)
            case _:
                # A code of digits may be a number as well as a text.
                is_number = parameter.type in ("integer", "number")
                return self._counted(parameter, record) if is_number else None

    def _chosen(self, parameter: Parameter, record: Record) -> str | None:
        rest = next((one for one in parameter.choices if _words(one) & CATCH_ALL), None)
        by_tone = _by_tone(parameter, record)
        if by_tone is not None or any(_words(one) & (_GOOD | _BAD) for one in parameter.choices):
            return by_tone or rest
        named = {one.lower().replace(" ", "_"): one for one in parameter.choices if one != rest}
        tools = [Tool(name, name.replace("_", " "), (), ()) for name in named]
        best: dict[str, float] = {}
        for wish in record.wishes():
            for choice in self.chooser.rank(wish, tools, record.began):
                name, words = choice.tool.name, re.escape(choice.tool.about)
                said = 0.3 if re.search(rf"\b{words}s?\b", wish.lower()) else 0.0
                best[name] = max(best.get(name, 0.0), choice.score + said)
        for deed in record.deeds:
            for tool in tools:
                # What was done in the end says more than what was asked for on the way.
                near = self.chooser.similarity(deed.words, [tool.about])[0]
                done = verbs_named(frozenset(deed.words.split())) & ACTIONS
                score = near + (0.6 if done & verbs_named(_words(tool.about)) else 0.0)
                best[tool.name] = max(best.get(tool.name, 0.0), score)
        ranked = sorted(best, key=best.__getitem__, reverse=True)
        if not ranked:
            return rest
        first = best[ranked[0]]
        second = best[ranked[1]] if len(ranked) > 1 else 0.0
        clear = rest is None and first >= LIKELY and first - second >= CLEARLY
        return named[ranked[0]] if first >= ENOUGH or clear else rest

    def _holds(self, parameter: Parameter, record: Record) -> bool:
        statement = statement_of(parameter)
        if done := verbs_done(_words(statement)):
            return self._done(statement, done, record)
        for turn in reversed(record.heard):
            said = reply(turn.text)
            if said is not None and turn.question:
                if self.chooser.similarity(statement, [turn.question])[0] >= ASKS:
                    return said == "yes"
        wishes = record.wishes()
        near = self.chooser.similarity(statement, wishes)
        name = _stems(parameter.name.replace("_", " "))
        named = [one for one in wishes if name and name <= _stems(one)]
        if named:
            return not negated(named[-1])
        if not near or max(near) < ALIKE:
            return False
        return not negated(wishes[near.index(max(near))])

    def _done(self, statement: str, verbs: frozenset[str], record: Record) -> bool:
        """Return whether what a statement says was done: only a tool can have done it."""
        near = self.chooser.similarity(statement, [one.words for one in record.deeds])
        for deed, alike in zip(record.deeds, near, strict=True):
            mine = verbs_named(frozenset(deed.words.split()))
            if alike >= (LIKELY if mine & verbs else ALIKE) and (not mine or mine & verbs):
                return True
        return False

    def _counted(self, parameter: Parameter, record: Record) -> float | None:
        """Return the number said nearest to a word of the field, or when it was asked for."""
        about = _stems(f"{parameter.name.replace('_', ' ')} {parameter.description}")
        found: tuple[int, float] | None = None
        for turn in record.heard:
            tokens = re.findall(r"[a-z']+|\d+(?:\.\d+)?", with_digits(turn.text))
            numbers = [at for at, token in enumerate(tokens) if token[0].isdigit()]
            words = [at for at, token in enumerate(tokens) if _stems(token) & about]
            asked = len(numbers) == 1 and bool(_stems(turn.question) & about)
            for at in numbers:
                far = 0 if asked else min((abs(at - one) for one in words), default=REACH + 1)
                # At the same distance what is said later corrects what was said before.
                if far <= REACH and (found is None or far <= found[0]):
                    found = far, float(tokens[at])
        return None if found is None else found[1]

    def _worded(self, parameter: Parameter, record: Record) -> str | None:
        """Return the caller's own words: the request, an answer, or what is about the field."""
        wishes = record.wishes()
        if not wishes:
            return None
        if _words(f"{parameter.name} {parameter.description}") & _ASKED_FOR:
            request = next((one for one in wishes if len(one.split()) > 3), wishes[0])
            return _cut(_HELLO.sub("", request))
        name = _stems(parameter.name.replace("_", " "))
        for turn in reversed(record.heard):
            if name & _stems(turn.question) and reply(turn.text) is None:
                return _cut(turn.text.strip())
        near = self.chooser.similarity(parameter.description or parameter.label, wishes)
        best = max(range(len(near)), key=near.__getitem__)
        return _cut(wishes[best]) if near[best] >= ALIKE else None


def _formed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a property with the format that its pattern stands for."""
    pattern = schema.get("pattern")
    made = dict(schema)
    if isinstance(pattern, str) and "format" not in schema:
        form = next((one for one, like in _FORMS.items() if _matches(pattern, like)), None)
        made |= {} if form is None else {"format": form}
    return made


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None and re.search(pattern, "x y") is None
    except re.error:
        return False


def _given(name: str, record: Record) -> object:
    """Return what a tool was last given under the very name of a field."""
    return next(
        (one.arguments[name] for one in reversed(record.deeds) if name in one.arguments), None
    )


def _by_tone(parameter: Parameter, record: Record) -> str | None:
    told = tone(" ".join(one.text for one in record.heard))
    if told is None:
        return None
    mine = _GOOD if told == "good" else _BAD
    return next((one for one in parameter.choices if _words(one) & mine), None)


def _fitting(value: object, schema: Mapping[str, Any]) -> object:
    """Return a value in the form that a schema wants, None where it has none of it."""
    if value is None:
        return None
    types = schema.get("type")
    kinds = [types] if isinstance(types, str) else list(types or ())
    made: object = value
    if isinstance(value, float) and "integer" in kinds and value.is_integer():
        made = int(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", value):
        made = datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M")
    return made if Draft202012Validator(schema).is_valid(made) else None


def _nothing(schema: Mapping[str, Any]) -> Any:
    """Return the emptiest value that fits a schema."""
    candidates: list[Any] = [None, "", False, [], schema.get("minimum", 0)]
    candidates += list(schema.get("enum") or ())[:1]
    fits = Draft202012Validator(schema).is_valid
    if schema.get("type") == "object":
        inside = schema.get("properties") or {}
        return {name: _nothing(one) for name, one in inside.items()}
    return next((one for one in candidates if fits(one)), None)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower().replace("_", " ")))


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        re.sub(r"(?:ies|ing|ed|es|s|y|e)$", "", word) if len(word) > 4 else word.removesuffix("s")
        for word in re.findall(r"[a-z]{3,}", text.lower())
        if word not in _DULL
    )


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST].rsplit(" ", 1)[0]
