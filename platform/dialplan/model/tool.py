"""What a tool may be: its parameters, its guards, and the one thing that it does."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dialplan.model.shape import Duration, Identifier, Json, Many, Scalar, Shape, Template, Text
from dialplan.model.shape import parse_duration as _duration

ValueType = Literal[
    "string", "integer", "number", "boolean", "date", "time", "datetime", "phone", "email"
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Builtin = Literal["transfer", "hang_up", "send_sms", "take_message", "answer"]


class Parameter(Shape):
    """A value that the model must give to the tool. Short form: its type."""

    type: ValueType = "string"
    """What the value is; dates and times are ISO 8601, phones E.164."""
    description: Text | None = None
    """What the model should put here."""
    optional: bool = False
    """Whether the tool can run without it."""
    default: Scalar | None = None
    """Used when the model gives none; text may be a template such as `{{ call.from }}`."""
    enum: Many[Text] | None = None
    """The only values allowed."""
    minimum: float | None = None
    """Smallest number allowed."""
    maximum: float | None = None
    """Largest number allowed."""
    min_length: Annotated[int, Field(ge=0)] | None = None
    """Fewest characters allowed."""
    max_length: Annotated[int, Field(ge=1)] | None = None
    """Most characters allowed."""
    pattern: Text | None = None
    """A regular expression that the text must match."""

    @property
    def required(self) -> bool:
        """Whether the model must give it."""
        return not self.optional and self.default is None


def _long_parameter(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


AnyParameter = Annotated[
    Parameter, BeforeValidator(_long_parameter, json_schema_input_type=ValueType | Parameter)
]


class Confirm(Shape):
    """What is said back to the caller and agreed to before the tool runs. Short form: `say`."""

    lookup: Text | None = None
    """SQL whose one row gives names to `say`."""
    say: Template
    """The question to ask; parameters and the columns of `lookup` stand bare."""


def _long_confirm(written: object) -> object:
    return {"say": written} if isinstance(written, str) else written


class Say(Shape):
    """What the caller hears around a tool. Short form: `start`."""

    start: Template | None = None
    """Said when the tool starts."""
    slow: Template | None = None
    """Said when it takes longer than `after`."""
    failed: Template | None = None
    """Said when it fails."""
    after: Duration = _duration("4s")
    """How long is slow."""


def _long_say(written: object) -> object:
    return {"start": written} if isinstance(written, str) else written


class Http(Shape):
    """One request to a service: exactly one of the methods, with its address."""

    get: Template | None = None
    """Address of a GET request."""
    post: Template | None = None
    """Address of a POST request."""
    put: Template | None = None
    """Address of a PUT request."""
    patch: Template | None = None
    """Address of a PATCH request."""
    delete: Template | None = None
    """Address of a DELETE request."""
    query: dict[str, Template] = Field(default_factory=dict)
    """Query parameters."""
    headers: dict[str, Template] = Field(default_factory=dict)
    """Headers beside those of the endpoint's `auth`."""
    body: Json = Field(default=None, alias="json")
    """The JSON body; every text in it is a template."""

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if sum(1 for _ in self._addresses()) != 1:
            raise ValueError("expected exactly one of `get`, `post`, `put`, `patch` and `delete`")
        return self

    def _addresses(self) -> list[tuple[Method, str]]:
        pairs: list[tuple[Method, str | None]] = [
            ("GET", self.get),
            ("POST", self.post),
            ("PUT", self.put),
            ("PATCH", self.patch),
            ("DELETE", self.delete),
        ]
        return [(method, address) for method, address in pairs if address is not None]

    @property
    def method(self) -> Method:
        """The HTTP method."""
        return self._addresses()[0][0]

    @property
    def url(self) -> str:
        """The address, a template."""
        return self._addresses()[0][1]


class Tool(Shape):
    """Something an agent can do: exactly one of `sql`, `http` and `builtin`."""

    description: Text
    """What it does, for the model that chooses."""
    examples: Many[Text] = ()
    """What a caller says when this is wanted."""
    parameters: dict[Identifier, AnyParameter] = Field(default_factory=dict)
    """The values it needs."""
    requires: Many[Identifier] = ()
    """State that the call must know first."""
    confirm: (
        Annotated[Confirm, BeforeValidator(_long_confirm, json_schema_input_type=str | Confirm)]
        | None
    ) = None
    """Asked, and agreed to, before it runs."""
    idempotent: bool = False
    """Same call, same arguments: the first result again, nothing done twice. With `confirm`, what
    the caller agrees to anew in a later turn is another deed and is done."""
    say: Annotated[Say, BeforeValidator(_long_say, json_schema_input_type=str | Say)] = Say()
    """What the caller hears while it runs."""
    timeout: Duration = _duration("10s")
    """The longest it may take."""
    sql: Text | None = None
    """One SQL statement; `:name`, `:state.name`, `:call.name`, `:variables.name` are bound."""
    returns: Literal["one", "many", "count"] = "many"
    """What `sql` gives: one row or nothing, all rows, or how many rows it touched."""
    http: Http | None = None
    """One request to a service."""
    builtin: Builtin | None = None
    """Something that the platform does itself."""
    to: Identifier | None = None
    """Where `transfer` and `take_message` go: a variable of type phone."""
    result: dict[Identifier, Template] = Field(default_factory=dict)
    """What the model sees, instead of the raw answer."""
    set: dict[Identifier, Template] = Field(default_factory=dict)
    """State to fill from `result`."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [self.sql, self.http, self.builtin]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("expected exactly one of `sql`, `http` and `builtin`")
        if self.builtin in ("transfer", "take_message") and self.to is None:
            raise ValueError(f"`builtin: {self.builtin}` needs `to`, a variable of type phone")
        if self.builtin in ("send_sms", "take_message") and "message" not in self.parameters:
            raise ValueError(f"`builtin: {self.builtin}` needs a parameter named `message`")
        if self.builtin == "answer" and not self.result:
            raise ValueError("`builtin: answer` needs `result`")
        return self
