"""A live model for conversations: where it is, and who judges. All else stays emulated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from dialplan.emulators.conversations.judging import Judges, ModelJudge
from dialplan.errors import ConfigError
from dialplan.runtime.peers import REALTIME_URL, Peers
from dialplan.settings import Settings

JUDGE_MODEL = "gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class LiveModel:
    """Who answers the calls, and who judges what only a reader can.

    Attributes:
        realtime_url: where the model is, without a query.
        realtime_key: sent as a bearer token; None sends no header.
        text: the key and the address of text models, for what is read out of a call that is over.
    """

    realtime_url: str
    realtime_key: str | None = field(repr=False)
    judge: Judges
    text: tuple[str, str | None] = field(repr=False)

    def peers(self, emulated: Peers) -> Peers:
        """Return emulated peers with this model among them."""
        return replace(emulated, realtime_url=self.realtime_url, realtime_key=self.realtime_key)


@asynccontextmanager
async def open_live(settings: Settings, judge_model: str = JUDGE_MODEL) -> AsyncIterator[LiveModel]:
    """Give the model of the settings.

    Raises:
        ConfigError: there is no key; the message says what to set.
    """
    key = settings.openai_api_key
    own = settings.realtime_url is not None and settings.openai_base_url is not None
    if key is None and not own:
        raise ConfigError(
            "nobody to think live: set `OPENAI_API_KEY`, or both `DIALPLAN_REALTIME_URL` and "
            "`OPENAI_BASE_URL` for another endpoint; without `--live` no key is needed"
        )
    secret = None if key is None else key.get_secret_value()
    # The client insists on a key where the endpoint asks for none.
    judge = ModelJudge(secret or "none", settings.openai_base_url, judge_model)
    try:
        text = secret or "none", settings.openai_base_url
        yield LiveModel(settings.realtime_url or REALTIME_URL, secret, judge, text)
    finally:
        await judge.close()
