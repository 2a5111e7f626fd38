"""What a tool may be: its parameters, its guards, and the one thing that it does."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dialplan.model.endpoint import HeaderName
from dialplan.model.kinds import DottedName, McpTool, Specialist
from dialplan.model.shape import (
    Duration,
    Identifier,
    Json,
    Many,
    Scalar,
    Shape,
    Template,
    Text,
    at_most_one,
    exactly_one,
    rules,
)
from dialplan.model.shape import parse_duration as _duration

ValueType = Literal[
    "string", "integer", "number", "boolean", "date", "time", "datetime", "phone", "email"
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Builtin = Literal["transfer", "hang_up", "send_sms", "take_message", "answer"]


class Parameter(Shape):
    """A value that the model must give to the tool. Short form: its type."""

    type: ValueType = Field("string", examples=["date"])
    """What the value is; dates and times are ISO 8601, phones E.164."""
    description: Text | None = Field(None, examples=["Date of birth."])
    """What the model should put here."""
    optional: bool = Field(False, examples=[True])
    """Whether the tool can run without it."""
    default: Scalar | None = Field(None, examples=["{{ call.from }}"])
    """Used when the model gives none; text may be a template such as `{{ call.from }}`."""
    enum: Many[Text] | None = Field(None, examples=[["morning", "afternoon"]])
    """The only values allowed."""
    minimum: float | None = Field(None, examples=[1])
    """Smallest number allowed."""
    maximum: float | None = Field(None, examples=[100])
    """Largest number allowed."""
    min_length: Annotated[int, Field(ge=0)] | None = Field(None, examples=[2])
    """Fewest characters allowed."""
    max_length: Annotated[int, Field(ge=1)] | None = Field(None, examples=[200])
    """Most characters allowed."""
    pattern: Text | None = Field(None, examples=["^[A-Z]{2}[0-9]{6}$"])
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

    lookup: Text | None = Field(
        None, examples=["SELECT starts_at, doctor FROM slots WHERE id = :slot_id"]
    )
    """SQL whose one row gives names to `say` and `refuse`."""
    refuse: Template | None = Field(
        None, examples=["{% if taken %}{{ doctor }} is busy then; offer another time.{% endif %}"]
    )
    """Why it must not even be asked, for the model; where this comes to no text, it is asked."""
    say: Template = Field(
        examples=["Shall I book {{ starts_at | spoken_time }} with {{ doctor }}?"]
    )
    """The question to ask; parameters and the columns of `lookup` stand bare."""


class Destination(Shape):
    """A destination that depends on a parameter: which one is said, never a phone number."""

    by: Identifier = Field(examples=["area"])
    """The parameter that decides."""
    lines: dict[Text, Identifier] = Field(examples=[{"downtown": "downtown_line"}])
    """Its values, each with a variable of type phone; the case of letters does not count."""
    otherwise: Identifier = Field(alias="else", examples=["office_line"])
    """The variable for any other value, and for none."""

    @property
    def named(self) -> dict[str, str]:
        """Every variable, by where it stands: a value under `lines`, or `else`."""
        return {**self.lines, "else": self.otherwise}

    def chosen(self, value: object) -> str:
        """The variable for a value of the parameter."""
        said = str(value).strip().casefold()
        return next(
            (line for one, line in self.lines.items() if one.casefold() == said), self.otherwise
        )


def _long_confirm(written: object) -> object:
    return {"say": written} if isinstance(written, str) else written


class Say(Shape):
    """What the caller hears around a tool. Short form: `start`."""

    start: Template | None = Field(None, examples=["One moment while I check that."])
    """Said when the tool starts."""
    slow: Template | None = Field(None, examples=["Still checking, thank you for waiting."])
    """Said when it takes longer than `after`."""
    failed: Template | None = Field(None, examples=["I cannot reach the calendar right now."])
    """Said when it fails."""
    after: Duration = Field(_duration("4s"), examples=["4s"])
    """How long is slow."""


def _long_say(written: object) -> object:
    return {"start": written} if isinstance(written, str) else written


class Http(Shape):
    """One request to a service: exactly one of the methods, with its address."""

    model_config = rules(
        exactly_one("get", "post", "put", "patch", "delete"), at_most_one("json", "form", "text")
    )

    get: Template | None = Field(None, examples=["{{ endpoints.ehr }}/patients"])
    """Address of a GET request."""
    post: Template | None = Field(None, examples=["{{ endpoints.ehr }}/eligibility"])
    """Address of a POST request."""
    put: Template | None = Field(
        None, examples=["{{ endpoints.ehr }}/patients/{{ state.patient_id }}"]
    )
    """Address of a PUT request."""
    patch: Template | None = Field(
        None, examples=["{{ endpoints.ehr }}/patients/{{ state.patient_id }}"]
    )
    """Address of a PATCH request."""
    delete: Template | None = Field(None, examples=["{{ endpoints.ehr }}/visits/{{ visit_id }}"])
    """Address of a DELETE request."""
    query: dict[str, Template] = Field(
        default_factory=dict, examples=[{"member": "{{ member_id }}"}]
    )
    """Query parameters."""
    headers: dict[HeaderName, Template] = Field(
        default_factory=dict, examples=[{"X-Request-Source": "phone"}]
    )
    """Headers beside those of the endpoint's `auth`."""
    body: Json = Field(default=None, alias="json", examples=[{"member": "{{ member_id }}"}])
    """A JSON body; every text in it is a template."""
    form: dict[str, Template] | None = Field(None, examples=[{"member": "{{ member_id }}"}])
    """A body as an HTML form sends it (`application/x-www-form-urlencoded`)."""
    text: Template | None = Field(None, examples=["Call about {{ reason }}."])
    """A body of plain text; a `Content-Type` under `headers` says that it is something else."""

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if sum(1 for _ in self._addresses()) != 1:
            raise ValueError("expected exactly one of `get`, `post`, `put`, `patch` and `delete`")
        if len({"body", "form", "text"} & self.model_fields_set) > 1:
            raise ValueError("expected at most one of `json`, `form` and `text`")
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


def _with(builtins: tuple[Builtin, ...], wanted: dict[str, Json]) -> dict[str, Json]:
    condition: Json = {"properties": {"builtin": {"enum": list(builtins)}}, "required": ["builtin"]}
    return {"if": condition, "then": wanted}


_TO = "`to`, a variable of type phone, with `transfer` and `take_message`"
_MESSAGE = "`message`, or a parameter of that name, with `send_sms` and `take_message`"
_EITHER_MESSAGE = "only one of `message` and a parameter of that name"
_RESULT = "`result` with `answer`"
_QUESTION = "a required parameter named `question`, of type string, with `knowledge`"

KINDS = ("sql", "http", "builtin", "knowledge", "python", "mcp", "specialist")
"""What a tool does: exactly one of these keys."""


class Tool(Shape):
    """Something an agent can do, of exactly one kind (see `KINDS`)."""

    model_config = rules(
        exactly_one(*KINDS),
        _with(("transfer", "take_message"), {"required": ["to"], "description": _TO}),
        _with(
            ("send_sms", "take_message"),
            {
                "anyOf": [
                    {"required": ["message"], "description": _MESSAGE},
                    {
                        "required": ["parameters"],
                        "description": _MESSAGE,
                        "properties": {
                            "parameters": {"required": ["message"], "description": _MESSAGE}
                        },
                    },
                ],
                "description": _MESSAGE,
            },
        ),
        _with(
            ("answer",),
            {
                "required": ["result"],
                "description": _RESULT,
                "properties": {"result": {"minProperties": 1, "description": _RESULT}},
            },
        ),
        {
            "if": {"required": ["knowledge"]},
            "then": {
                "required": ["parameters"],
                "description": _QUESTION,
                "properties": {"parameters": {"required": ["question"], "description": _QUESTION}},
            },
        },
    )

    description: Text = Field(examples=["Find a patient by phone number."])
    """What it does, for the model that chooses."""
    examples: Many[Text] = Field((), examples=[["You should have my number."]])
    """What a caller says when this is wanted."""
    parameters: dict[Identifier, AnyParameter] = Field(
        default_factory=dict,
        examples=[{"slot_id": "integer", "reason": {"type": "string", "max_length": 200}}],
    )
    """The values it needs."""
    requires: Many[Identifier] = Field((), examples=[["patient_id"]])
    """State that the call must know first."""
    refuse: Template | None = Field(
        None,
        examples=["{% if not call.open %}Nobody is there; offer to take a message.{% endif %}"],
    )
    """Why it may not run now, for the model; where this comes to no text, it may. Looked at
    before `confirm`, and again once the caller has agreed."""
    confirm: (
        Annotated[
            Confirm, BeforeValidator(_long_confirm, json_schema_input_type=Template | Confirm)
        ]
        | None
    ) = Field(None, examples=["Shall I book this visit?"])
    """Asked, and agreed to, before it runs."""
    idempotent: bool = Field(False, examples=[True])
    """Same call, same arguments: the first result again, nothing done twice. With `confirm`, what
    the caller agrees to anew in a later turn is another deed and is done."""
    say: Annotated[Say, BeforeValidator(_long_say, json_schema_input_type=Template | Say)] = Field(
        Say(), examples=["One moment while I check that."]
    )
    """What the caller hears while it runs."""
    timeout: Duration = Field(_duration("10s"), examples=["10s"])
    """The longest it may take."""
    sql: Text | None = Field(None, examples=["SELECT id, name FROM patients WHERE phone = :phone"])
    """One SQL statement; `:name`, `:state.name`, `:call.name`, `:variables.name` are bound."""
    returns: Literal["one", "many", "count"] = Field("many", examples=["one"])
    """What `sql` gives: one row or nothing, all rows, or how many rows it touched."""
    http: Http | None = Field(
        None,
        examples=[
            {"post": "{{ endpoints.ehr }}/eligibility", "json": {"member": "{{ member_id }}"}}
        ],
    )
    """One request to a service."""
    builtin: Builtin | None = Field(None, examples=["transfer"])
    """Something that the platform does itself."""
    knowledge: Identifier | None = Field(None, examples=["articles"])
    """A collection of articles that its parameter `question` is looked up in. Without a passage
    that is near enough the model reads that nothing is known."""
    top: Annotated[int, Field(ge=1, le=10)] = Field(3, examples=[3])
    """The most passages that `knowledge` gives."""
    at_least: Annotated[float, Field(ge=0, le=1)] = Field(0.25, examples=[0.4])
    """How near the nearest passage must be for `knowledge` to give any: `dialplan knowledge ask`
    shows scores."""
    python: DottedName | None = Field(None, examples=["mycompany.tools:check_stock"])
    """A function of an installed package, marked with `dialplan.plugin.tool`."""
    mcp: McpTool | None = Field(None, examples=[{"server": "crm", "tool": "create_ticket"}])
    """A tool of an MCP server."""
    specialist: Specialist | None = Field(
        None,
        examples=[{"prompt": "prompts/warranty.md", "tools": ["search_articles"], "max_turns": 4}],
    )
    """Another agent, asked in text. It reads the parameters; its answer is the result."""
    to: Identifier | Destination | None = Field(None, examples=["nurse_line"])
    """Where `transfer` and `take_message` go: a variable of type phone, or one of several."""
    message: Template | None = Field(None, examples=["Your visit is on {{ state.visit_day }}."])
    """What `send_sms` and `take_message` send, word for word; without it the model gives a
    parameter of that name."""
    result: dict[Identifier, Template] = Field(
        default_factory=dict, examples=[{"active": "{{ response.json.active }}"}]
    )
    """What the model sees, instead of the raw answer."""
    set: dict[Identifier, Template] = Field(
        default_factory=dict, examples=[{"patient_id": "{{ result.id }}"}]
    )
    """State to fill from `result`."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            listed = ", ".join(f"`{kind}`" for kind in KINDS[:-1])
            raise ValueError(f"expected exactly one of {listed} and `{KINDS[-1]}`")
        question = self.parameters.get("question")
        if self.knowledge is not None and not (
            question is not None and question.required and question.type == "string"
        ):
            raise ValueError(f"expected {_QUESTION}")
        if self.builtin in ("transfer", "take_message") and self.to is None:
            raise ValueError(f"expected {_TO}")
        if self.builtin in ("send_sms", "take_message"):
            if self.message is None and "message" not in self.parameters:
                raise ValueError(f"expected {_MESSAGE}")
            if self.message is not None and "message" in self.parameters:
                raise ValueError(f"expected {_EITHER_MESSAGE}")
        if self.builtin == "answer" and not self.result:
            raise ValueError(f"expected {_RESULT}")
        return self

    @property
    def destinations(self) -> frozenset[str]:
        """The variables that hold the numbers it may go to."""
        match self.to:
            case None:
                return frozenset()
            case str():
                return frozenset({self.to})
            case Destination():
                return frozenset(self.to.named.values())
