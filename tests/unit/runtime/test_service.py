from pathlib import Path

import pytest

from dialplan.config.load import load_all
from dialplan.errors import ConfigError
from dialplan.runtime.peers import peers_from
from dialplan.settings import Settings

SET = {
    "OPENAI_API_KEY": "sk",
    "TWILIO_AUTH_TOKEN": "token",
    "DIALPLAN_PUBLIC_URL": "https://phone.example",
}


@pytest.mark.parametrize("missing", SET)
def test_a_setting_without_which_nothing_is_answered_is_named(missing: str) -> None:
    settings = Settings.from_environ({name: SET[name] for name in SET if name != missing})

    with pytest.raises(ConfigError, match=f"set `{missing}`"):
        peers_from(settings)


def test_an_endpoint_of_ones_own_needs_no_key() -> None:
    settings = Settings.from_environ(
        {**SET, "OPENAI_API_KEY": "", "DIALPLAN_REALTIME_URL": "ws://127.0.0.1:1/v1/realtime"}
    )

    peers = peers_from(settings)

    assert peers.realtime_key is None
    assert peers.realtime_url == "ws://127.0.0.1:1/v1/realtime"


def test_an_api_key_signs_requests_in_place_of_the_auth_token() -> None:
    account = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"}

    with_key = peers_from(Settings.from_environ({**SET, **account}))
    without = peers_from(Settings.from_environ({**SET, "TWILIO_ACCOUNT_SID": "AC1"}))

    assert (with_key.twilio_user, with_key.twilio_password) == ("SK1", "s")
    assert (without.twilio_user, without.twilio_password) == ("AC1", "token")
    assert with_key.token == "token"


def test_a_folder_without_verticals_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no vertical"):
        load_all(tmp_path)
