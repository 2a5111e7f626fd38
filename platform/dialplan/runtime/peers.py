"""Whom a server talks to, by address: all that a rehearsal changes about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peers:
    """Whom this process talks to, and as whom it is reached.

    Attributes:
        realtime_url: where the model is, without a query.
        realtime_key: sent as a bearer token; None sends no header.
        services: other addresses for endpoints, by (vertical, endpoint): rehearsals only.
        notice: said before every greeting; None in production.
    """

    public_url: str
    realtime_url: str
    realtime_key: str | None
    account: str | None
    token: str | None
    twilio_url: str
    twilio_user: str | None
    twilio_password: str | None
    services: Mapping[tuple[str, str], str]
    notice: str | None = None
