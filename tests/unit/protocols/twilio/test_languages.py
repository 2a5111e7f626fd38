import pytest

from dialplan.protocols.twilio.languages import said_in


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("es-ES", "es-ES"),
        ("es-mx", "es-MX"),
        ("es", "es-ES"),
        ("es-US", "es-MX"),
        ("es-AR", "es-ES"),
        ("de-AT", "de-DE"),
        ("fr-CA", "fr-CA"),
        ("pt", "pt-BR"),
        ("nn-NO", "nb-NO"),
        ("no", "nb-NO"),
        ("zh", "zh-CN"),
    ],
)
def test_a_language_is_said_with_the_nearest_accent(tag: str, said: str) -> None:
    assert said_in(tag) == said


@pytest.mark.parametrize("tag", ["cy", "xx-MX"])
def test_what_no_voice_speaks_is_left_to_the_account(tag: str) -> None:
    assert said_in(tag) is None
