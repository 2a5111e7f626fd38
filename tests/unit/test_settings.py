from pathlib import Path

import pytest

from dialplan.errors import ConfigError
from dialplan.settings import Settings


def test_defaults_stand_without_any_variable() -> None:
    settings = Settings.from_environ({})

    assert settings.data == Path("data")
    assert settings.tenants_file == Path("verticals/tenants.yaml")


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = Settings.from_environ({"DIALPLAN_DATA": "", "OPENAI_API_KEY": " "})

    assert settings.data == Path("data")
    assert settings.openai_api_key is None


def test_public_urls_are_split_and_lose_their_trailing_slash() -> None:
    settings = Settings.from_environ(
        {"DIALPLAN_PUBLIC_URL": "https://a.example/, https://b.example"}
    )

    assert settings.public_url == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "url", ["http://a.example", "a.example", "https://a.example/path", "ftp://a"]
)
def test_a_public_url_that_is_no_https_origin_is_refused_by_name(url: str) -> None:
    with pytest.raises(ConfigError, match="DIALPLAN_PUBLIC_URL"):
        Settings.from_environ({"DIALPLAN_PUBLIC_URL": url})


def test_plain_http_is_taken_on_loopback_only() -> None:
    settings = Settings.from_environ({"DIALPLAN_PUBLIC_URL": "http://127.0.0.1:8080"})

    assert settings.public_url == ("http://127.0.0.1:8080",)


def test_a_realtime_url_must_be_a_websocket() -> None:
    with pytest.raises(ConfigError, match="DIALPLAN_REALTIME_URL"):
        Settings.from_environ({"DIALPLAN_REALTIME_URL": "https://x.example"})


def test_secrets_are_never_printed() -> None:
    settings = Settings.from_environ({"TWILIO_AUTH_TOKEN": "s3cret", "OPENAI_API_KEY": "k3y"})

    assert "s3cret" not in repr(settings) + str(settings.rows())
    assert "k3y" not in repr(settings) + str(settings.rows())


def test_a_console_key_that_is_easily_guessed_is_refused_and_never_repeated() -> None:
    with pytest.raises(ConfigError, match=r"DIALPLAN_CONSOLE_KEY.*at least 16") as caught:
        Settings.from_environ({"DIALPLAN_CONSOLE_KEY": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_callers_data_stays_out_of_logs_unless_asked_for() -> None:
    assert not Settings.from_environ({}).log_pii
    assert Settings.from_environ({"DIALPLAN_LOG_PII": "true"}).log_pii
