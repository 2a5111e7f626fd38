"""Tenants: what a called number resolves to, and the values that a tenant gives a vertical."""

from typing import Annotated

from pydantic import Field

from dialplan.model.shape import Identifier, Many, Phone, Scalar, Shape

SHARE = r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)%$"

FROM_ENVIRONMENT = r"^env:[A-Z][A-Z0-9_]*$"

SecretSource = Annotated[str, Field(pattern=FROM_ENVIRONMENT)]
"""Where a secret's value is: `env:NAME`."""


class TwilioAccount(Shape):
    """A tenant's own carrier account."""

    account: SecretSource = Field(examples=["env:LAKESIDE_TWILIO_ACCOUNT"])
    """Where the account SID is."""
    token: SecretSource = Field(examples=["env:LAKESIDE_TWILIO_TOKEN"])
    """Where the auth token is."""


class Tenant(Shape):
    """One customer of the platform."""

    lines: Annotated[dict[Phone, Identifier], Field(min_length=1)] = Field(
        examples=[{"+15550100001": "repair_shop"}]
    )
    """Called number to vertical."""
    variables: dict[Identifier, Scalar] = Field(
        default_factory=dict, examples=[{"business_name": "Lakeside Salon"}]
    )
    """Values for the variables of its verticals."""
    secrets: dict[Identifier, SecretSource] = Field(
        default_factory=dict, examples=[{"api_token": "env:LAKESIDE_API_TOKEN"}]
    )
    """Where the values of secrets are."""
    twilio: TwilioAccount | None = Field(
        None,
        examples=[{"account": "env:LAKESIDE_TWILIO_ACCOUNT", "token": "env:LAKESIDE_TWILIO_TOKEN"}],
    )
    """Its own carrier account; without one, the platform's."""


class Canary(Shape):
    """Who gets a new version of a vertical first; everybody else keeps the released one."""

    share: Annotated[str, Field(pattern=SHARE)] | None = Field(None, examples=["10%"])
    """The share of calls, such as `10%`; which ones is decided by the call's id."""
    numbers: Many[Phone] = Field((), examples=[["+15550107788"]])
    """Numbers whose calls all get it: called ones, or those of callers."""

    @property
    def fraction(self) -> float:
        """The share of calls, from 0 to 1."""
        return 0.0 if self.share is None else float(self.share.rstrip("%")) / 100


class Tenants(Shape):
    """All tenants of an installation."""

    tenants: dict[Identifier, Tenant] = Field(
        examples=[{"lakeside": {"lines": {"+15550100001": "repair_shop"}}}]
    )
    """By name."""
    canary: dict[Identifier, Canary] = Field(
        default_factory=dict, examples=[{"repair_shop": {"share": "10%"}}]
    )
    """Verticals whose new version is tried on a part of the calls first."""

    def resolve(self, number: str) -> tuple[str, str] | None:
        """Tenant and vertical of a called number, or nothing: there is no default tenant."""
        for name, tenant in self.tenants.items():
            if number in tenant.lines:
                return name, tenant.lines[number]
        return None
