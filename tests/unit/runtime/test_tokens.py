import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.runtime.tokens import LIFETIME_S, MOST_NUMBER, REMEMBERED, Claims, StreamTokens

KEY = b"k" * 32
GOOD = Claims("+15550107788", "+15550100001", "a")


def issue(tokens: StreamTokens, *, nonce: str = "a", caller: str = "+15550107788") -> str:
    return tokens.issue("CA1", caller=caller, called="+15550100001", now=1000, nonce=nonce)


async def test_a_token_is_good_once_for_its_own_call() -> None:
    tokens = StreamTokens(KEY)
    token = issue(tokens)

    assert await tokens.redeem(token, "CA1", now=1001) == GOOD
    assert await tokens.redeem(token, "CA1", now=1002) == "used before"


async def test_a_token_of_another_call_is_refused_and_not_used_up() -> None:
    tokens = StreamTokens(KEY)
    token = issue(tokens)

    assert await tokens.redeem(token, "CA2", now=1001) == "forged, or of another call"
    assert await tokens.redeem(token, "CA1", now=1001) == GOOD


async def test_a_token_expires() -> None:
    tokens = StreamTokens(KEY)
    token = issue(tokens)

    assert await tokens.redeem(token, "CA1", now=1000 + LIFETIME_S + 1) == "expired"


async def test_a_token_signed_with_another_key_is_refused() -> None:
    token = issue(StreamTokens(b"x" * 32))

    assert await StreamTokens(KEY).redeem(token, "CA1", now=1001) == "forged, or of another call"


async def test_another_process_with_the_same_key_takes_the_token() -> None:
    token = issue(StreamTokens(KEY))

    assert await StreamTokens(KEY).redeem(token, "CA1", now=1001) == GOOD


async def test_the_memory_of_used_tokens_is_bounded() -> None:
    tokens = StreamTokens(KEY)
    for n in range(REMEMBERED + 50):
        token = issue(tokens, nonce=str(n))
        assert isinstance(await tokens.redeem(token, "CA1", now=1000), Claims)

    assert len(tokens._used) <= REMEMBERED


@given(st.text())
async def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert isinstance(await StreamTokens(KEY).redeem(text, "CA1", now=0), str)


@given(st.text())
async def test_any_caller_fits_into_a_parameter_and_comes_back(caller: str) -> None:
    token = issue(StreamTokens(KEY), caller=caller)

    claims = await StreamTokens(KEY).redeem(token, "CA1", now=1000)

    assert isinstance(claims, Claims)
    assert len(claims.caller) <= MOST_NUMBER
    assert claims.caller == caller or not caller.isprintable() or len(caller) > MOST_NUMBER
    assert len("token" + token) < 500


async def test_the_longest_token_fits_into_a_parameter() -> None:
    tokens = StreamTokens(KEY)
    longest = "\U0001f600" * 200
    token = tokens.issue("CA1", caller=longest, called="+" + "9" * 15, now=9e9, nonce="f" * 32)

    assert len("token" + token) < 500


async def test_claims_do_not_show_the_caller() -> None:
    assert "0107788" not in repr(GOOD)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        StreamTokens(b"short")
