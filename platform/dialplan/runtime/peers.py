"""Whom a server talks to, by address: all that a rehearsal changes about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dialplan.errors import ConfigError
from dialplan.model.endpoint import Endpoint
from dialplan.settings import Settings

if TYPE_CHECKING:
    # A command asks for its peers before anything else: the loader would hold up its first word.
    from dialplan.config.load import LoadedVertical

REALTIME_URL = "wss://api.openai.com/v1/realtime"

TOKEN_PATH = "/.oauth/token"  # noqa: S105  an address
"""Where an emulated service grants tokens, behind its address."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Whom this process talks to, and as whom it is reached.

    Attributes:
        realtime_url: where the model is, without a query.
        realtime_key: sent as a bearer token; None sends no header.
        text_url: where text models are; None is OpenAI.
        text_key: the key for them; None where there are none.
        services: other addresses for endpoints, by (vertical, endpoint): rehearsals only.
        notice: said before every greeting; None in production.
        rehearsal: whether every peer is emulated.
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
    text_url: str | None = None
    text_key: str | None = None
    notice: str | None = None
    rehearsal: bool = False


def peers_from(settings: Settings) -> Peers:
    """Return the real peers.

    Raises:
        ConfigError: something is missing; the message says what to set.
    """
    if settings.openai_api_key is None and settings.realtime_url is None:
        raise ConfigError(
            "nobody to think: set `OPENAI_API_KEY`, or `DIALPLAN_REALTIME_URL` for another "
            "endpoint, or use `--rehearse`"
        )
    if settings.twilio_auth_token is None:
        raise ConfigError(
            "webhooks cannot be checked: set `TWILIO_AUTH_TOKEN`, or use `--rehearse`"
        )
    if not settings.public_url:
        raise ConfigError("set `DIALPLAN_PUBLIC_URL` to the https origin that Twilio calls")
    key, token = settings.openai_api_key, settings.twilio_auth_token.get_secret_value()
    secret = settings.twilio_api_secret
    by_key = settings.twilio_api_key is not None and secret is not None
    return Peers(
        public_url=settings.public_url[0],
        realtime_url=settings.realtime_url or REALTIME_URL,
        realtime_key=None if key is None else key.get_secret_value(),
        account=settings.twilio_account_sid,
        token=token,
        twilio_url=settings.twilio_api_url,
        twilio_user=settings.twilio_api_key if by_key else settings.twilio_account_sid,
        twilio_password=secret.get_secret_value() if by_key and secret is not None else token,
        services={},
        text_url=settings.openai_base_url,
        text_key=None if key is None else key.get_secret_value(),
    )


def at_emulator(endpoint: Endpoint, url: str) -> Endpoint:
    """The endpoint as its emulator serves it: requests and tokens from one address."""
    moved: dict[str, object] = {"base_url": url}
    if endpoint.auth is not None and endpoint.auth.oauth2 is not None:
        oauth2 = endpoint.auth.oauth2.model_copy(update={"token_url": f"{url}{TOKEN_PATH}"})
        moved["auth"] = endpoint.auth.model_copy(update={"oauth2": oauth2})
    return endpoint.model_copy(update=moved)


def at_emulators(loaded: LoadedVertical, services: Mapping[tuple[str, str], str]) -> LoadedVertical:
    """The vertical with those of its endpoints moved that have another address in `services`."""
    vertical = loaded.vertical
    endpoints = {
        name: at_emulator(endpoint, services[vertical.name, name])
        if (vertical.name, name) in services
        else endpoint
        for name, endpoint in vertical.endpoints.items()
    }
    return replace(loaded, vertical=vertical.model_copy(update={"endpoints": endpoints}))


def hosts_of(services: Mapping[tuple[str, str], str]) -> set[str]:
    """The `host:port` of each emulated service: they are on a private network and meant to be."""
    return {urlsplit(url).netloc for url in services.values()}
