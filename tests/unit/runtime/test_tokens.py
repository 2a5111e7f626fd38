import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.runtime.tokens import LIFETIME_S, REMEMBERED, StreamTokens

KEY = b"k" * 32


def test_a_token_is_good_once_for_its_own_call() -> None:
    tokens = StreamTokens(KEY)
    token = tokens.issue("CA1", now=1000, nonce="a")

    assert tokens.redeem(token, "CA1", now=1001) is None
    assert tokens.redeem(token, "CA1", now=1002) == "used before"


def test_a_token_of_another_call_is_refused_and_not_used_up() -> None:
    tokens = StreamTokens(KEY)
    token = tokens.issue("CA1", now=1000, nonce="a")

    assert tokens.redeem(token, "CA2", now=1001) == "forged, or of another call"
    assert tokens.redeem(token, "CA1", now=1001) is None


def test_a_token_expires() -> None:
    tokens = StreamTokens(KEY)
    token = tokens.issue("CA1", now=1000, nonce="a")

    assert tokens.redeem(token, "CA1", now=1000 + LIFETIME_S + 1) == "expired"


def test_a_token_signed_with_another_key_is_refused() -> None:
    token = StreamTokens(b"x" * 32).issue("CA1", now=1000, nonce="a")

    assert StreamTokens(KEY).redeem(token, "CA1", now=1001) == "forged, or of another call"


def test_another_process_with_the_same_key_takes_the_token() -> None:
    token = StreamTokens(KEY).issue("CA1", now=1000, nonce="a")

    assert StreamTokens(KEY).redeem(token, "CA1", now=1001) is None


def test_the_memory_of_used_tokens_is_bounded() -> None:
    tokens = StreamTokens(KEY)
    for n in range(REMEMBERED + 50):
        assert tokens.redeem(tokens.issue("CA", now=0, nonce=str(n)), "CA", now=0) is None

    assert len(tokens._used) <= REMEMBERED


@given(st.text())
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert StreamTokens(KEY).redeem(text, "CA1", now=0) is not None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        StreamTokens(b"short")
