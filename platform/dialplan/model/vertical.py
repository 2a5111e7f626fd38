"""The vertical: everything that a solution engineer writes about one line of business."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dialplan.model.after_call import AfterCall
from dialplan.model.agent import Agent
from dialplan.model.database import Database
from dialplan.model.endpoint import Endpoint
from dialplan.model.kinds import McpServer
from dialplan.model.knowledge import AnyEmbeddings, Collection, Embeddings
from dialplan.model.shape import (
    Identifier,
    Many,
    RelativePath,
    Scalar,
    Shape,
    Text,
)
from dialplan.model.tool import Tool, ValueType
from dialplan.model.voice import AnyHours, Limits, Voice, WhenUnavailable

VariableType = Literal["string", "integer", "number", "boolean", "phone", "timezone"]


class Variable(Shape):
    """What a tenant may set. Short form: its type, which makes it required of every tenant."""

    type: VariableType = Field("string", examples=["phone"])
    """What it is."""
    default: Scalar | None = Field(None, examples=["+15550100911"])
    """Its value where the tenant sets none."""
    description: Text | None = Field(None, examples=["The nurse on duty."])
    """What it is for."""


def _long_variable(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


class StateField(Shape):
    """Something that the call learns. Short form: its type."""

    type: ValueType = Field("string", examples=["integer"])
    """What it is."""
    description: Text | None = Field(None, examples=["The patient whose identity was verified."])
    """What it means."""


AnyVariable = Annotated[
    Variable, BeforeValidator(_long_variable, json_schema_input_type=VariableType | Variable)
]
AnyStateField = Annotated[
    StateField, BeforeValidator(_long_variable, json_schema_input_type=ValueType | StateField)
]


def _no_boolean(written: object) -> object:
    # `True == 1`, and that is how pydantic looks a literal up. It takes a ValueError only.
    if isinstance(written, bool):
        raise ValueError("expected the number 1")
    return written


class Vertical(Shape):
    """One line of business on the phone: its agents, tools and data."""

    dialplan: Annotated[Literal[1], BeforeValidator(_no_boolean)] = Field(examples=[1])
    """Version of this language."""
    name: Identifier = Field(examples=["repair_shop"])
    """Its name; the same as its folder's."""
    title: Text = Field(examples=["Repair shop"])
    """Its name for people."""
    variables: dict[Identifier, AnyVariable] = Field(
        default_factory=dict,
        examples=[{"business_name": {"type": "string", "default": "Lakeside Salon"}}],
    )
    """What a tenant may set; usable in prompts, tools and speech."""
    secrets: Many[Identifier] = Field((), examples=[["api_token"]])
    """Names of secrets; their values come from the tenant or the environment."""
    voice: Voice = Field(
        examples=[{"voice": "marin", "greeting": "Thank you for calling. How can I help?"}]
    )
    """How it sounds."""
    hours: AnyHours | None = Field(
        None, examples=[{"mon-fri": "08:00-18:00", "sat": "09:00-13:00", "holidays": "US"}]
    )
    """When the business is open; without it, always. Known as `call.open`, `call.hours_today` and
    `call.next_opening`."""
    limits: Limits = Field(
        Limits(), examples=[{"call": "15m", "silence": "20s", "concurrent_calls": 40}]
    )
    """How far calls may go."""
    when_unavailable: WhenUnavailable | None = Field(
        None, examples=[{"say": "We are having trouble with our assistant.", "then": "voicemail"}]
    )
    """What the caller gets when the AI cannot answer."""
    endpoints: dict[Identifier, Endpoint] = Field(
        default_factory=dict,
        examples=[{"calendar": {"base_url": "https://calendar.example.com/api"}}],
    )
    """The services it talks to."""
    mcp_servers: dict[Identifier, McpServer] = Field(
        default_factory=dict, examples=[{"crm": {"url": "https://mcp.example.com/mcp"}}]
    )
    """The MCP servers whose tools `mcp` tools are."""
    state: dict[Identifier, AnyStateField] = Field(
        default_factory=dict, examples=[{"customer_id": "integer"}]
    )
    """What the call knows; tools fill it, prompts and tools read it."""
    agents: Annotated[dict[Identifier, Agent], Field(min_length=1)] = Field(
        examples=[{"front_desk": {"entry": True, "prompt": "prompts/front_desk.md"}}]
    )
    """Who speaks."""
    tools: dict[Identifier, Tool] = Field(
        default_factory=dict,
        examples=[
            {
                "find_slots": {
                    "description": "Find free times.",
                    "sql": "SELECT id, starts_at FROM slots",
                }
            }
        ],
    )
    """What they can do."""
    database: Database = Field(
        Database(),
        examples=[{"tables": {"slots": {"columns": {"id": "serial", "starts_at": "timestamptz"}}}}],
    )
    """Its tables."""
    knowledge: dict[Identifier, Collection] = Field(
        default_factory=dict, examples=[{"articles": {"sources": ["knowledge/*.md"]}}]
    )
    """Collections of articles, for tools of the kind `knowledge`."""
    embeddings: AnyEmbeddings = Field(Embeddings(), examples=["local"])
    """Who turns articles and questions into vectors."""
    after_call: AfterCall | None = Field(None, examples=[{"fields": {"follow_up": "boolean"}}])
    """What is read out of a call once it is over, and whom that is sent to."""
    conversations: RelativePath | None = Field(None, examples=["conversations/*.yaml"])
    """Where its conversations are (a glob)."""

    @property
    def entry(self) -> str:
        """The agent that answers the call."""
        return next(name for name, agent in self.agents.items() if agent.entry)
