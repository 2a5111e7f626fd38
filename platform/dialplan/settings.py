"""Settings: one frozen object, read once; nothing else in the package reads the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from dialplan.errors import ConfigError


def _origins(value: object) -> tuple[str, ...]:
    """Split a comma-separated list of origins; each is a scheme and a host, nothing behind it."""
    if not isinstance(value, str):
        raise ValueError("expected text")
    origins = tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
    for origin in origins:
        parts = urlsplit(origin)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme not in ("https", "http") or not parts.netloc or parts.path or parts.query:
            raise ValueError(f"`{origin}` is not an origin: write it as https://host")
        if parts.scheme == "http" and not local:
            raise ValueError(f"`{origin}` must be https: Twilio opens media streams over TLS only")
    return origins


def _hosts(value: object) -> tuple[str, ...]:
    """Split a comma-separated list of `host` or `host:port`."""
    if not isinstance(value, str):
        raise ValueError("expected text")
    hosts = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    for host in hosts:
        if not re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?|[0-9a-f:]+", host):
            raise ValueError(f"`{host}` is not a host: write it as `host` or `host:port`")
    return hosts


def _commands(value: object) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _websocket(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or urlsplit(value).scheme not in ("ws", "wss"):
        raise ValueError("expected a ws:// or wss:// URL")
    return value


def _key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < 16:
        raise ValueError("expected at least 16 characters; `openssl rand -hex 24` makes a good one")
    return value


class Settings(BaseModel):
    """Everything an operator can set; each field's alias is its environment variable.

    Raises ConfigError from `from_environ` with one sentence that names the variable and the mend.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    data: Path = Field(
        default=Path("data"),
        alias="DIALPLAN_DATA",
        description="Folder for the embedded database, spools and recordings.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        alias="DIALPLAN_DATABASE_URL",
        description="Postgres to use, as `postgresql://user:password@host/database`. Without it an "
        "embedded Postgres runs in the data folder.",
    )
    public_url: Annotated[tuple[str, ...], BeforeValidator(_origins)] = Field(
        default=(),
        alias="DIALPLAN_PUBLIC_URL",
        description="The https origins under which Twilio reaches this server, comma-separated. "
        "The first is written into TwiML; signatures are checked against all of them.",
    )
    verticals: Path = Field(
        default=Path("verticals"),
        alias="DIALPLAN_VERTICALS",
        description="Folder that holds one folder per vertical.",
    )
    tenants: Path | None = Field(
        default=None,
        alias="DIALPLAN_TENANTS",
        description="The tenants file. Default: `tenants.yaml` in the verticals folder.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None, alias="OPENAI_API_KEY", description="Key for the OpenAI Realtime API."
    )
    openai_base_url: str | None = Field(
        default=None,
        alias="OPENAI_BASE_URL",
        description="Another endpoint that speaks OpenAI's HTTP API.",
    )
    realtime_url: Annotated[str | None, BeforeValidator(_websocket)] = Field(
        default=None,
        alias="DIALPLAN_REALTIME_URL",
        description="Another endpoint that speaks the Realtime protocol (`ws://` or `wss://`).",
    )
    twilio_account_sid: str | None = Field(
        default=None, alias="TWILIO_ACCOUNT_SID", description="Account that owns the numbers."
    )
    twilio_auth_token: SecretStr | None = Field(
        default=None,
        alias="TWILIO_AUTH_TOKEN",
        description="Auth token of that account: checks webhook signatures, and signs REST "
        "requests when no API key is set.",
    )
    twilio_api_key: str | None = Field(
        default=None, alias="TWILIO_API_KEY", description="API key (`SK...`) for REST requests."
    )
    twilio_api_secret: SecretStr | None = Field(
        default=None, alias="TWILIO_API_SECRET", description="Secret of that API key."
    )
    twilio_api_url: str = Field(
        default="https://api.twilio.com",
        alias="DIALPLAN_TWILIO_API_URL",
        description="Origin of the Twilio REST API.",
    )
    audio_batch_ms: int = Field(
        default=20,
        ge=20,
        le=100,
        alias="DIALPLAN_AUDIO_BATCH_MS",
        description="How much of a caller's audio goes to the model in one message, in "
        "milliseconds (20 to 100). More costs less CPU; the model hears it that much later.",
    )
    private_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = Field(
        default=(),
        alias="DIALPLAN_PRIVATE_HOSTS",
        description="Hosts that tools may reach on a private network, comma-separated, each as "
        "`host` or `host:port`. All others must have public addresses.",
    )
    mcp_commands: Annotated[tuple[str, ...], BeforeValidator(_commands)] = Field(
        default=(),
        alias="DIALPLAN_MCP_COMMANDS",
        description="Programs that verticals may start as MCP servers, comma-separated, each as "
        "`command` in `mcp_servers` names it. Without it none is started.",
    )
    jobs: Literal["here", "off"] = Field(
        default="here",
        alias="DIALPLAN_JOBS",
        description="Who does what follows calls (`after_call`): `here` is a process that the "
        "server starts once a line needs it, `off` leaves it to `dialplan jobs`, run beside it.",
    )
    jobs_at_once: int = Field(
        default=8,
        ge=1,
        le=200,
        alias="DIALPLAN_JOBS_AT_ONCE",
        description="How many calls one such process reads at the same time (1 to 200).",
    )
    console_key: Annotated[SecretStr | None, AfterValidator(_key)] = Field(
        default=None,
        alias="DIALPLAN_CONSOLE_KEY",
        description="Key that opens the console and the API, at least 16 characters. Without it "
        "every start makes a new one and prints it.",
    )
    log_pii: bool = Field(
        default=False,
        alias="DIALPLAN_LOG_PII",
        description="Whether logs may hold callers' data: `true` writes the fields whose names end "
        "in `_pii`.",
    )
    rehearsal_llm: str | None = Field(
        default=None,
        alias="DIALPLAN_REHEARSAL_LLM",
        description="Base URL of an OpenAI-compatible server that thinks for the rehearsal instead "
        "of the built-in rehearsal model.",
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; a variable that is set but empty counts as not set."""
        named = {f.alias for f in cls.model_fields.values()}
        values: dict[str, Any] = {k: v for k, v in environ.items() if k in named and v.strip()}
        try:
            return cls.model_validate(values)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            message = str(first["msg"]).removeprefix("Value error, ")
            raise ConfigError(f"`{first['loc'][0]}`: {message}") from exc

    @property
    def tenants_file(self) -> Path:
        """The tenants file in force."""
        return self.tenants or self.verticals / "tenants.yaml"

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (variable, value with secrets hidden, description) of every setting."""
        result = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                shown = "***"
            elif isinstance(value, tuple):
                shown = ",".join(value)
            else:
                shown = "" if value is None else str(value)
            result.append((str(field.alias), shown, field.description or ""))
        return result
