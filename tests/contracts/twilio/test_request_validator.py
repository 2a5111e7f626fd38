"""Twilio's own RequestValidator and our signer must agree, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no types

from dialplan.protocols.twilio.signature import is_valid, parse_form, sign, url_variants

TOKEN = "12345"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
VALUES = st.text(st.characters(codec="utf-8"), max_size=40)
PARAMS = st.lists(st.tuples(NAMES, VALUES), max_size=20)
URLS = st.sampled_from(
    [
        "https://h.example/voice",
        "https://h.example:443/voice?a=1&b=%20",
        "https://h.example:8443/voice",
        "http://h.example/voice?x=a+b",
    ]
)


class MultiDict(dict[str, str]):
    """What frameworks hand to the validator: a mapping with repeated keys."""

    def __init__(self, params: Sequence[tuple[str, str]]) -> None:
        super().__init__(params)
        self._params = params

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self._params if key == name]


@given(url=URLS, params=PARAMS)
def test_the_signatures_are_the_same(url: str, params: list[tuple[str, str]]) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(url, MultiDict(params))

    assert sign(TOKEN, url, params) == theirs


@given(url=URLS, params=PARAMS)
def test_twilio_accepts_what_we_sign(url: str, params: list[tuple[str, str]]) -> None:
    for variant in url_variants(url):
        signature = sign(TOKEN, variant, params)

        assert RequestValidator(TOKEN).validate(url, MultiDict(params), signature)


@given(url=URLS, params=PARAMS)
def test_we_accept_what_twilio_signs(url: str, params: list[tuple[str, str]]) -> None:
    signature = RequestValidator(TOKEN).compute_signature(url, MultiDict(params))

    assert is_valid([TOKEN], url_variants(url), params, signature)


@given(params=PARAMS, other=PARAMS)
def test_we_agree_with_twilio_about_other_fields(
    params: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    url = "https://h.example/voice"
    signature = sign(TOKEN, url, params)

    theirs = RequestValidator(TOKEN).validate(url, MultiDict(other), signature)

    assert is_valid([TOKEN], url_variants(url), other, signature) == theirs


@given(params=PARAMS)
def test_a_form_survives_the_way_over_the_wire(params: list[tuple[str, str]]) -> None:
    assert parse_form(urlencode(params).encode()) == params


@pytest.mark.parametrize("url", ["wss://h.example/media", "wss://h.example:443/media"])
def test_twilio_accepts_our_upgrade_signature_as_written_in_twiml(url: str) -> None:
    # Given `wss://h/x`, RequestValidator tries `:80` for the port; as written always agrees.
    assert RequestValidator(TOKEN).validate(url, {}, sign(TOKEN, "wss://h.example/media", []))
