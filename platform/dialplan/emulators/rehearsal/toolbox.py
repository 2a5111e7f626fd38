"""What a session's tool definitions say: parameters, examples, questions. It must not call one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.lexicon import ACTIONS, past, verbs_named, verbs_said

Kind = Literal[
    "text", "name", "person", "date", "time", "date-time", "phone", "email", "enum", "number",
    "boolean", "reference", "code",
]  # fmt: skip
Json = str | int | float | bool | None

_EXAMPLES = re.compile(r"^\s*callers? says?:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r"[\"\N{LEFT DOUBLE QUOTATION MARK}]([^\"\N{RIGHT DOUBLE QUOTATION MARK}]+)")
_PEOPLE = "patient customer client caller guest first last full contact owner your member"
_STAFF = "doctor provider clinician stylist barber therapist mechanic technician dentist instructor"
_UNSPOKEN = re.compile(
    r"yyyy|iso|e\.g|format|e\.?164|default|optional|\d|[:;()`{}]|, |\b(?:if|when|as|must|only)\b",
    re.I,
)
_FINDS = frozenset(
    "find list search get check show look lookup available free query fetch my".split()
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool, as far as a conversation cares."""

    name: str
    kind: Kind
    type: str
    description: str
    required: bool
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None

    @property
    def words(self) -> frozenset[str]:
        """The words of its name."""
        return frozenset(self.name.lower().split("_"))

    @property
    def birth(self) -> bool:
        """Whether it is a date of birth."""
        return bool(
            re.search(
                r"\b(?:birth|born|dob)", f"{self.name.replace('_', ' ')} {self.description}".lower()
            )
        )

    @property
    def edge(self) -> Literal["start", "end"] | None:
        """Which end of a range it is, if it is one."""
        if re.search(r"\b(?:first|earliest) (?:day|date|time)\b", self.description.lower()):
            return "start"
        if self.words & {"from", "start", "after", "earliest", "since", "begin", "not_before"}:
            return "start"
        return "end" if self.words & {"to", "until", "end", "before", "latest", "till"} else None

    @property
    def label(self) -> str:
        """How a person would call it."""
        said = self.description.strip().rstrip(".")
        if said and len(said.split()) <= 8 and not _UNSPOKEN.search(said):
            said = re.sub(
                r"^(?:the|a|an|your|caller's|the caller's)\s+", "", said, flags=re.IGNORECASE
            )
            return said if said[:2].isupper() else said[:1].lower() + said[1:]
        words = self.name.replace("_", " ")
        return re.sub(r"\bid$", "number", words) if words != "id" else "number"

    @property
    def question(self) -> str:
        """The question that asks a caller for it; also how an asked question is recognised."""
        match self.kind:
            case "date" if self.birth:
                return "What is your date of birth?"
            case "date" if self.words & {"date", "day", "on", "when"} or self.edge:
                return "Which day would suit you?"
            case "time":
                return "What time would suit you?"
            case "date-time":
                return "Which day and time would suit you?"
            case "phone":
                return "What phone number should I use?"
            case "email":
                return "What is your email address?"
            case "name":
                return (
                    f"What is your {self.label}?" if "name" in self.label else "What is your name?"
                )
            case "enum":
                return f"Which {self.label} would you like: {_either(self.choices)}?"
            case "boolean":
                return f"{self.label[:1].upper()}{self.label[1:]}: yes or no?"
            case "text" if self.words & {"message", "note", "text", "body"}:
                return "What would you like the message to say?"
            case _:
                if asked := _turned(self.description):
                    return asked
                if match := re.match(r"number of (.+)", self.label):
                    return f"How many {match[1]}?"
                return f"What is the {self.label}?"


_INDIRECT = re.compile(
    r"(?P<ask>(?:which|what|how many|how much) \w+|which|what|where|when|why|how) "
    r"(?P<who>it|they|this|the \w+) (?P<verb>should|can|will|must|wants|needs|is|are) ?"
    r"(?P<rest>[^.:;]*)\.?",
    re.IGNORECASE,
)


def _turned(description: str) -> str | None:
    """Return the question inside a description: `Why the caller wants to come` asks for it."""
    match = _INDIRECT.fullmatch(description.strip())
    if match is None or len(description.split()) > 12:
        return None
    who, verb = match["who"].lower(), match["verb"].lower()
    if who in ("the caller", "the customer", "the guest", "the patient", "the client"):
        who = "you"
        verb = {"is": "are"}.get(verb, verb)
    if verb in ("wants", "needs"):
        verb, who = ("do" if who == "you" else "does"), f"{who} {verb.removesuffix('s')}"
    ask = match["ask"][:1].upper() + match["ask"][1:]
    return f"{ask} {verb} {who} {match['rest']}".strip() + "?"


def _either(choices: Sequence[str]) -> str:
    spoken = [c.replace("_", " ") for c in choices[:6]]
    return spoken[0] if len(spoken) == 1 else f"{', '.join(spoken[:-1])} or {spoken[-1]}"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool definition, read."""

    name: str
    about: str
    examples: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name, without the mark of a handoff."""
        return tuple(self.name.lower().removeprefix("to_").split("_"))

    @property
    def is_handoff(self) -> bool:
        """Whether it passes the caller to another agent."""
        return self.name.startswith("to_")

    @property
    def verbs(self) -> frozenset[str]:
        """The kinds of action it stands for."""
        return (
            ACTIONS & verbs_said(self.about)
            if self.is_handoff
            else verbs_named(frozenset(self.words))
        )

    @property
    def changes(self) -> str | None:
        """The past participle of what it does, if it changes something."""
        return past(self.words[0])

    @property
    def thing(self) -> str:
        """What it is about: `visit` of `book_visit`."""
        return " ".join(self.words[1:]) or self.words[0]

    @property
    def finds(self) -> bool:
        """Whether it looks something up."""
        return bool(frozenset(self.words) & _FINDS) and self.changes is None

    @property
    def transfers(self) -> bool:
        """Whether it puts the caller through to a person."""
        return not self.is_handoff and bool(
            {"transfer", "human", "operator", "escalate"} & set(self.words)
        )

    @property
    def hangs_up(self) -> bool:
        """Whether it ends the call."""
        return bool({"hang", "hangup"} & set(self.words)) or self.name in ("end_call", "goodbye")

    def parameter(self, name: str | None) -> Parameter | None:
        """Return the parameter called `name`, or None."""
        return next((p for p in self.parameters if p.name == name), None)


def read_tool(definition: ToolDefinition) -> Tool:
    """Read one definition: the line of examples is taken out of its description."""
    quoted = _EXAMPLES.search(definition.description)
    examples = tuple(_QUOTED.findall(quoted[1])[::1]) if quoted else ()
    about = _EXAMPLES.sub("", definition.description).strip()
    schema = definition.parameters
    properties = schema.get("properties") or {}
    required = set(schema.get("required") or ())
    return Tool(
        definition.name,
        about,
        tuple(e.strip() for e in examples if re.search(r"\w", e)),
        tuple(_read_parameter(n, p, n in required) for n, p in properties.items()),
    )


def _read_parameter(name: str, schema: Mapping[str, object], required: bool) -> Parameter:
    declared = schema.get("type", "string")
    kinds = (
        [declared]
        if isinstance(declared, str)
        else [t for t in declared if t != "null"]
        if isinstance(declared, list)
        else []
    )
    type_ = str(kinds[0]) if kinds else "string"
    choices = schema.get("enum")
    values = tuple(str(c) for c in choices if c is not None) if isinstance(choices, list) else ()
    description = str(schema.get("description") or "")
    low, high, longest = schema.get("minimum"), schema.get("maximum"), schema.get("maxLength")
    return Parameter(
        name,
        _kind(name, type_, str(schema.get("format") or ""), bool(values), description),
        type_,
        description,
        required,
        values,
        float(low) if isinstance(low, int | float) else None,
        float(high) if isinstance(high, int | float) else None,
        longest if isinstance(longest, int) else None,
    )


def _kind(name: str, type_: str, format_: str, has_choices: bool, description: str) -> Kind:
    words = frozenset(name.lower().split("_"))
    if has_choices:
        return "enum"
    if format_ in ("date", "time", "phone", "email", "date-time"):
        return format_  # type: ignore[return-value]  # narrowed by the line above
    if type_ == "boolean":
        return "boolean"
    if "id" in words:
        return "reference"
    if words & {"ticket", "code", "reference", "confirmation", "policy"} and not words & {"name"}:
        return "code"
    if "number" in words and "of" not in words and type_ != "number":
        return "phone" if words & {"phone", "mobile"} else "code"
    if type_ in ("integer", "number"):
        return "number"
    if "phone" in words or "mobile" in words:
        return "phone"
    if "email" in words:
        return "email"
    if words & frozenset(_STAFF.split()):
        return "person"
    if "name" in words and (len(words) == 1 or words & frozenset(_PEOPLE.split())):
        return "name"
    return "text"
