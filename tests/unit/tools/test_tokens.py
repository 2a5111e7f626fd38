import asyncio

import pytest

from dialplan.errors import ToolError
from dialplan.tools.tokens import Login, Token, Tokens, read_token

LOGIN = Login("lakeside", "https://login.example.com/token", "id", "secret")
OTHER = Login("northside", "https://login.example.com/token", "id", "secret")


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


class Service:
    """Grants tokens by number; `life_s` is their life."""

    def __init__(self, life_s: float = 3600) -> None:
        self.granted = 0
        self.life_s = life_s

    async def __call__(self) -> Token:
        await asyncio.sleep(0)
        self.granted += 1
        return Token(f"t{self.granted}", self.life_s)


async def test_callers_at_once_share_one_request() -> None:
    tokens, service = Tokens(Clock()), Service()

    got = await asyncio.gather(*(tokens.get(LOGIN, service) for _ in range(10)))

    assert got == ["t1"] * 10


async def test_tenants_do_not_share_a_token() -> None:
    tokens, service = Tokens(Clock()), Service()

    assert await tokens.get(LOGIN, service) == "t1"
    assert await tokens.get(OTHER, service) == "t2"
    assert await tokens.get(LOGIN, service) == "t1"


@pytest.mark.parametrize(("life_s", "kept_s"), [(3600, 3570), (20, 10)])
async def test_a_token_is_renewed_before_it_ends(life_s: float, kept_s: float) -> None:
    clock, service = Clock(), Service(life_s)
    tokens = Tokens(clock)
    await tokens.get(LOGIN, service)

    clock.s += kept_s - 0.1
    assert await tokens.get(LOGIN, service) == "t1"
    clock.s += 0.2
    assert await tokens.get(LOGIN, service) == "t2"


async def test_a_refused_token_is_renewed_once_for_all_who_were_refused() -> None:
    tokens, service = Tokens(Clock()), Service()
    await tokens.get(LOGIN, service)

    got = await asyncio.gather(*(tokens.get(LOGIN, service, refused="t1") for _ in range(5)))

    assert got == ["t2"] * 5


async def test_a_caller_who_gives_up_leaves_the_others_their_turn() -> None:
    tokens, service = Tokens(Clock()), Service()
    first = asyncio.create_task(tokens.get(LOGIN, service))
    second = asyncio.create_task(tokens.get(LOGIN, service))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == "t1"


def test_the_answer_of_a_token_endpoint_is_read() -> None:
    assert read_token({"access_token": "a", "token_type": "bearer", "expires_in": "60"}) == Token(
        "a", 60
    )
    assert read_token({"access_token": "a"}).life_s == 300


@pytest.mark.parametrize("granted", [None, [], {}, {"access_token": ""}, {"access_token": 1}])
def test_an_answer_without_a_token_is_an_error(granted: object) -> None:
    with pytest.raises(ToolError, match="without an `access_token`"):
        read_token(granted)


def test_another_kind_of_token_is_an_error() -> None:
    with pytest.raises(ToolError, match="`token_type`"):
        read_token({"access_token": "a", "token_type": "mac"})
