"""A service that `http` tools talk to: where it is, and how requests to it are authorised."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dialplan.model.shape import (
    Duration,
    Identifier,
    RelativePath,
    Shape,
    Text,
    exactly_one,
    rules,
)
from dialplan.model.shape import parse_duration as _duration

HEADER = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

HeaderName = Annotated[str, Field(pattern=HEADER, max_length=100)]
"""A name of a header (RFC 9110, section 5.1)."""

ADDRESS = r"^https?://[!-~]{0,500}[!-.0-~]$"

Address = Annotated[str, Field(pattern=ADDRESS)]
"""An absolute http or https URL, without a slash at the end."""

AUTHS = ("bearer", "basic", "oauth2", "header")


class Basic(Shape):
    """A name and a password (RFC 7617)."""

    user: Text = Field(examples=["ehr_user"])
    """The name; where a secret is declared under this very name, the secret's value."""
    password: Identifier = Field(examples=["ehr_password"])
    """The secret that is the password."""


class OAuth2(Shape):
    """Client credentials (RFC 6749, section 4.4): a token is fetched, kept and renewed."""

    token_url: Address = Field(examples=["https://login.example.com/oauth/token"])
    """Where the token is fetched."""
    client_id: Text = Field(examples=["crm_client"])
    """The client; where a secret is declared under this very name, the secret's value."""
    client_secret: Identifier = Field(examples=["crm_secret"])
    """The secret that is the client's."""
    scope: Text | None = Field(None, examples=["tickets.read tickets.write"])
    """What the token shall allow, separated by spaces."""
    send: Literal["header", "body"] = Field("header", examples=["body"])
    """Where the client's name and secret stand in the request for the token: in `Authorization`, or
    in the form, for services that want them there."""


class Auth(Shape):
    """How requests to an endpoint are authorised: exactly one way."""

    model_config = rules(exactly_one(*AUTHS))

    bearer: Identifier | None = Field(None, examples=["ehr_token"])
    """The secret sent as a bearer token."""
    basic: Basic | None = Field(None, examples=[{"user": "front-desk", "password": "ehr_password"}])
    """A name and a password."""
    oauth2: OAuth2 | None = Field(
        None,
        examples=[
            {
                "token_url": "https://login.example.com/oauth/token",
                "client_id": "crm_client",
                "client_secret": "crm_secret",
            }
        ],
    )
    """A token that is fetched with client credentials."""
    header: dict[HeaderName, Identifier] | None = Field(
        None, min_length=1, examples=[{"X-Api-Key": "parts_key"}]
    )
    """Headers, each with the secret that is its value."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(getattr(self, way) is not None for way in AUTHS) != 1:
            raise ValueError("expected exactly one of `bearer`, `basic`, `oauth2` and `header`")
        return self

    def secrets(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every secret that must be declared, with where it is named."""
        if self.bearer is not None:
            yield ("bearer",), self.bearer
        if self.basic is not None:
            yield ("basic", "password"), self.basic.password
        if self.oauth2 is not None:
            yield ("oauth2", "client_secret"), self.oauth2.client_secret
        for name, secret in (self.header or {}).items():
            yield ("header", name), secret

    def names(self) -> frozenset[str]:
        """All that may be the name of a secret."""
        certain = [name for _, name in self.secrets()]
        if self.basic is not None:
            certain.append(self.basic.user)
        if self.oauth2 is not None:
            certain.append(self.oauth2.client_id)
        return frozenset(certain)


class Endpoint(Shape):
    """A service that `http` tools talk to."""

    base_url: Address = Field(examples=["https://ehr.example.com/api"])
    """Its address, without a slash at the end."""
    auth: Auth | None = Field(None, examples=[{"bearer": "ehr_token"}])
    """How requests are authorised."""
    timeout: Duration = Field(_duration("3s"), examples=["3s"])
    """The longest a request may take."""
    retries: Annotated[int, Field(ge=0, le=5)] = Field(2, examples=[2])
    """How often a failed request that is safe to repeat is tried again."""
    rehearsal: RelativePath | None = Field(None, examples=["rehearsal/ehr.yaml"])
    """Emulated routes of this service, for rehearsals without it."""
