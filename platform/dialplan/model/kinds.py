"""What tools do their work with beside SQL and HTTP: functions, MCP servers, specialists."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from dialplan.model.endpoint import Address, Auth, Endpoint
from dialplan.model.shape import (
    Duration,
    Identifier,
    Many,
    Shape,
    Template,
    Text,
    exactly_one,
    rules,
)
from dialplan.model.shape import parse_duration as _duration

PYTHON = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
VARIABLE = r"^[A-Z_][A-Z0-9_]{0,99}$"

DottedName = Annotated[str, Field(pattern=PYTHON, max_length=300)]
"""`package.module:function`."""


def specialist_prompt(tool: str) -> str:
    """The name that a specialist's prompt goes by among those of the agents."""
    return f"{tool} (specialist)"


def after_call_prompt() -> str:
    """The name that the prompt of `after_call` goes by among those of the agents."""
    return "(after the call)"


class McpServer(Shape):
    """A server that speaks the Model Context Protocol: exactly one of `url` and `command`."""

    model_config = rules(exactly_one("url", "command"))

    url: Address | None = Field(None, examples=["https://mcp.example.com/mcp"])
    """Its address (streamable HTTP)."""
    auth: Auth | None = Field(None, examples=[{"bearer": "crm_token"}])
    """How requests to `url` are authorised."""
    command: Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, examples=[["crm-mcp-server", "--read-only"]]
    )
    """A program to start and talk to over its standard input and output. The operator must allow
    its first word in `DIALPLAN_MCP_COMMANDS`."""
    env: dict[Annotated[str, Field(pattern=VARIABLE)], Identifier] = Field(
        default_factory=dict, examples=[{"CRM_TOKEN": "crm_token"}]
    )
    """Environment variables of `command`, each with the secret that is its value."""
    timeout: Duration = Field(_duration("10s"), examples=["10s"])
    """The longest that its start, or the connection to it, may take."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.command is None):
            raise ValueError("expected exactly one of `url` and `command`")
        return self

    def secrets(self) -> list[tuple[tuple[str, ...], str]]:
        """Every secret that must be declared, with where it is named."""
        own: list[tuple[tuple[str, ...], str]] = [
            (("env", name), secret) for name, secret in self.env.items()
        ]
        if self.auth is not None:
            own += [(("auth", *where), secret) for where, secret in self.auth.secrets()]
        return own

    def names(self) -> frozenset[str]:
        """All that may be the name of a secret."""
        return frozenset(self.env.values()) | (self.auth.names() if self.auth else frozenset())

    def endpoint(self) -> Endpoint:
        """Its address, as requests for tokens are made."""
        return Endpoint(base_url=self.url or "", auth=self.auth, timeout=self.timeout)


class McpTool(Shape):
    """A tool of an MCP server."""

    server: Identifier = Field(examples=["crm"])
    """Which of `mcp_servers`."""
    tool: Text = Field(examples=["create_ticket"])
    """The tool's name there. It gets this tool's parameters under their names."""


class Specialist(Shape):
    """Another agent, who is asked in text and does not speak to the caller."""

    prompt: Template = Field(examples=["prompts/warranty.md"])
    """Its instructions: text, or the path of a `.md` file in the vertical's folder."""
    model: Text = Field("gpt-5-mini", examples=["gpt-5-mini"])
    """The text model that thinks."""
    tools: Many[Identifier] = Field((), examples=[["search_articles"]])
    """The tools that it may use, and no others."""
    max_turns: Annotated[int, Field(ge=1, le=10)] = Field(4, examples=[4])
    """How often it may think: once for each round of tools, and once for the answer."""
