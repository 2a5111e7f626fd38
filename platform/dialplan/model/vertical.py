"""The vertical: everything that a solution engineer writes about one line of business."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dialplan.model.agent import Agent
from dialplan.model.database import Database
from dialplan.model.shape import (
    Duration,
    Identifier,
    Many,
    RelativePath,
    Scalar,
    Shape,
    Text,
)
from dialplan.model.shape import parse_duration as _duration
from dialplan.model.tool import Tool, ValueType
from dialplan.model.voice import AnyHours, Limits, Voice, WhenUnavailable

VariableType = Literal["string", "integer", "number", "boolean", "phone", "timezone"]


class Variable(Shape):
    """What a tenant may set. Short form: its type, which makes it required of every tenant."""

    type: VariableType = "string"
    """What it is."""
    default: Scalar | None = None
    """Its value where the tenant sets none."""
    description: Text | None = None
    """What it is for."""


def _long_variable(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


class StateField(Shape):
    """Something that the call learns. Short form: its type."""

    type: ValueType = "string"
    """What it is."""
    description: Text | None = None
    """What it means."""


class Auth(Shape):
    """How requests to an endpoint are authorised."""

    bearer: Identifier
    """The secret sent as a bearer token."""


class Endpoint(Shape):
    """A service that `http` tools talk to."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s]+[^/\s]$")]
    """Its address, without a slash at the end."""
    auth: Auth | None = None
    """How requests are authorised."""
    timeout: Duration = _duration("3s")
    """The longest a request may take."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """How often a failed request that is safe to repeat is tried again."""
    rehearsal: RelativePath | None = None
    """Emulated routes of this service, for rehearsals without it."""


AnyVariable = Annotated[
    Variable, BeforeValidator(_long_variable, json_schema_input_type=VariableType | Variable)
]
AnyStateField = Annotated[
    StateField, BeforeValidator(_long_variable, json_schema_input_type=ValueType | StateField)
]


class Vertical(Shape):
    """One line of business on the phone: its agents, tools and data."""

    dialplan: Literal[1]
    """Version of this language."""
    name: Identifier
    """Its name; the same as its folder's."""
    title: Text
    """Its name for people."""
    variables: dict[Identifier, AnyVariable] = Field(default_factory=dict)
    """What a tenant may set; usable in prompts, tools and speech."""
    secrets: Many[Identifier] = ()
    """Names of secrets; their values come from the tenant or the environment."""
    voice: Voice
    """How it sounds."""
    hours: AnyHours | None = None
    """When the business is open; without it, always. Known as `call.open`, `call.hours_today` and
    `call.next_opening`."""
    limits: Limits = Limits()
    """How far calls may go."""
    when_unavailable: WhenUnavailable | None = None
    """What the caller gets when the AI cannot answer."""
    endpoints: dict[Identifier, Endpoint] = Field(default_factory=dict)
    """The services it talks to."""
    state: dict[Identifier, AnyStateField] = Field(default_factory=dict)
    """What the call knows; tools fill it, prompts and tools read it."""
    agents: Annotated[dict[Identifier, Agent], Field(min_length=1)]
    """Who speaks."""
    tools: dict[Identifier, Tool] = Field(default_factory=dict)
    """What they can do."""
    database: Database = Database()
    """Its tables."""
    conversations: RelativePath | None = None
    """Where its conversations are (a glob)."""

    @property
    def entry(self) -> str:
        """The agent that answers the call."""
        return next(name for name, agent in self.agents.items() if agent.entry)
