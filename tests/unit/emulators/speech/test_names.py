"""Names that no lexicon has are said about as people say them."""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.speech.names import known_name, read_name


@pytest.mark.parametrize(
    ("name", "sounds"),
    [
        ("Marino", "məɹˈinO"),
        ("Ortiz", "Oɹtˈiz"),
        ("Camila", "kəmˈilə"),
        ("Antonio", "əntˈOniO"),
        ("Cecilia", "sɛsˈiliə"),
        ("Ramírez", "ɹəmˈiɹɛz"),
        ("Ricci", "ɹˈiʧi"),
        ("Bianchi", "biˈɑnki"),
        ("Tanaka", "tənˈɑkə"),
        ("Nowakowski", "nOvəkˈOvski"),
        ("Diego", "diˈAɡO"),
    ],
)
def test_a_name_that_is_spelt_as_it_sounds_is_read_so(name: str, sounds: str) -> None:
    assert read_name(name) == sounds


@pytest.mark.parametrize(
    ("name", "sounds"),
    [("Fischer", "fˈɪʃəɹ"), ("Brandt", "bɹˈænt"), ("Novak", "nˈOvæk"), ("Schmitz", "ʃmˈɪts")],
)
def test_another_name_is_read_as_english(name: str, sounds: str) -> None:
    assert read_name(name) == sounds


def test_a_frequent_name_is_known_by_its_capital_letter() -> None:
    assert known_name("Nguyen") == read_name("Nguyen") == "wˈɪn"
    assert known_name("maria") is None
    assert known_name("Table") is None


@given(st.text())
def test_any_name_has_at_most_one_stress_and_never_fails(name: str) -> None:
    assert read_name(name).count("ˈ") <= 1
