from __future__ import annotations

import pytest

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.signature import (
    MAX_FIELDS,
    is_valid,
    parse_form,
    sign,
    url_variants,
)

TOKEN = "12345"
DOCUMENTED_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
DOCUMENTED = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
INBOUND = [
    ("CallSid", "CA00000000000000000000000000000001"),
    ("CallStatus", "ringing"),
    ("CallToken", "%7B%22a%22%3A1%7D"),
    ("Called", "+15550002222"),
    ("CalledCity", ""),
    ("From", "+15550001111"),
]
INBOUND_SIGNATURE = "WE6HvIyLL6gXqKtIB0dLxqbI7fI="


def test_the_documented_vector_agrees() -> None:
    assert sign(TOKEN, DOCUMENTED_URL, DOCUMENTED) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_order_of_the_fields_does_not_matter() -> None:
    assert sign(TOKEN, DOCUMENTED_URL, DOCUMENTED[::-1]) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_blank_fields_and_a_percent_encoded_call_token_are_signed_as_they_are() -> None:
    assert sign(TOKEN, "https://mycompany.com/voice", INBOUND) == INBOUND_SIGNATURE


def test_dropping_blank_fields_gives_another_signature() -> None:
    without_blanks = [(name, value) for name, value in INBOUND if value]

    assert (
        sign(TOKEN, "https://mycompany.com/voice", without_blanks) == "HNeY7qPdk2VRwzRMg8p8EPDkNlE="
    )


def test_a_websocket_upgrade_is_signed_over_its_wss_url() -> None:
    assert sign(TOKEN, "wss://mycompany.com/media/abc", []) == "n4cmfBKPNFPGRWkRmxfLb4jGEBM="


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://e.com/a?x=a+b", "iTDcUf64C0OAr0xsSXokoQj1QPI="),
        ("https://e.com/a?x=a%20b", "BNlgF9AXkaKmoD8lCyQzguz+VUU="),
    ],
)
def test_the_encoding_of_the_query_matters(url: str, signature: str) -> None:
    assert sign(TOKEN, url, []) == signature


def test_a_repeated_value_is_signed_once() -> None:
    assert sign(TOKEN, "https://e.com", [("a", "1"), ("a", "1"), ("a", "0")]) == sign(
        TOKEN, "https://e.com", [("a", "0"), ("a", "1")]
    )


def test_a_form_body_gives_the_fields_that_were_signed() -> None:
    body = (
        b"CallSid=CA00000000000000000000000000000001&CallStatus=ringing"
        b"&CallToken=%257B%2522a%2522%253A1%257D&Called=%2B15550002222&CalledCity="
        b"&From=%2B15550001111"
    )

    assert parse_form(body) == INBOUND


def test_spaces_unicode_and_repeats_of_a_form_are_kept() -> None:
    assert parse_form(b"a=x+y&a=x%20y&b=%C3%A9&c=&d") == [
        ("a", "x y"),
        ("a", "x y"),
        ("b", "é"),
        ("c", ""),
        ("d", ""),
    ]


def test_bytes_that_are_no_text_do_not_stop_the_parsing() -> None:
    assert parse_form(b"\xff=%ff") == [("�", "�")]


def test_a_form_of_too_many_fields_is_refused() -> None:
    assert len(parse_form(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(ProtocolError, match="form fields"):
        parse_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))


@pytest.mark.parametrize(
    ("url", "variants"),
    [
        ("https://h/x?a=1", ("https://h/x?a=1", "https://h:443/x?a=1")),
        ("https://h:443/x", ("https://h:443/x", "https://h/x")),
        ("https://h:8443/x", ("https://h:8443/x", "https://h/x")),
        ("wss://h/x", ("wss://h/x", "wss://h:443/x")),
        ("http://h/x", ("http://h/x", "http://h:80/x")),
        ("ws://h?", ("ws://h?", "ws://h:80?")),
        ("https://[::1]/x", ("https://[::1]/x", "https://[::1]:443/x")),
        ("https://[::1]:9/x", ("https://[::1]:9/x", "https://[::1]/x")),
        ("https://u:p@h/x", ("https://u:p@h/x", "https://u:p@h:443/x")),
        ("https://u:p@h:9/x", ("https://u:p@h:9/x", "https://u:p@h/x")),
        ("https://h/x#rc=2&rp=5xx", ("https://h/x", "https://h:443/x")),
        ("/relative", ("/relative",)),
        ("ftp://h/x", ("ftp://h/x",)),
    ],
)
def test_a_url_may_be_signed_with_and_without_its_port(url: str, variants: tuple[str, ...]) -> None:
    assert url_variants(url) == variants


def test_any_token_and_any_url_may_have_been_used() -> None:
    urls = url_variants("wss://h/media")

    assert is_valid(["old", TOKEN], urls, [], sign(TOKEN, "wss://h:443/media", []))
    assert is_valid(["old", TOKEN], urls, [], sign("old", "wss://h/media", []))


@pytest.mark.parametrize("signature", ["", "x", "é", "\ud800", INBOUND_SIGNATURE + "="])
def test_a_wrong_signature_is_not_valid(signature: str) -> None:
    assert not is_valid([TOKEN], ["https://mycompany.com/voice"], INBOUND, signature)


def test_a_tampered_value_is_not_valid() -> None:
    tampered = [*INBOUND[:-1], ("From", "+15550009999")]

    assert not is_valid([TOKEN], ["https://mycompany.com/voice"], tampered, INBOUND_SIGNATURE)


def test_without_a_token_nothing_is_valid() -> None:
    assert not is_valid([], ["https://mycompany.com/voice"], INBOUND, INBOUND_SIGNATURE)
