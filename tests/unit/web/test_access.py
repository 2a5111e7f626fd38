from dialplan.web.access import SESSION_S, WINDOW_S, Access, WrongKeys

KEY = "0123456789abcdef"


def test_the_key_and_nothing_like_it_is_the_key() -> None:
    access = Access(KEY)

    assert access.is_key(KEY)
    assert not any(access.is_key(one) for one in ("", KEY[:-1], KEY + "0", KEY.upper(), "é\udcff"))


def test_a_cookie_is_good_for_its_time_and_for_its_key_alone() -> None:
    access = Access(KEY)
    cookie = access.cookie(1000.0)

    assert access.is_cookie(cookie.value, 1000.0 + SESSION_S - 1)
    assert not access.is_cookie(cookie.value, 1000.0 + SESSION_S)
    assert not Access("another key altogether").is_cookie(cookie.value, 1000.0)


def test_a_cookie_whose_end_was_moved_is_refused() -> None:
    access = Access(KEY)
    until, _, proof = access.cookie(1000.0).value.partition(".")

    assert not access.is_cookie(f"{int(until) + 1}.{proof}", 1000.0)
    assert not any(access.is_cookie(one, 1000.0) for one in ("", ".", until, f"{until}.", "é.é"))


def test_a_cookie_does_not_hold_the_key_and_its_name_tells_servers_apart() -> None:
    cookie = Access(KEY).cookie(0.0)

    assert KEY not in cookie.name + cookie.value
    assert cookie.name != Access("another key altogether").cookie(0.0).name


def test_the_address_carries_any_key_unharmed() -> None:
    assert Access("a key & more+").address("http://127.0.0.1:1").endswith("/?key=a+key+%26+more%2B")


def test_an_address_is_blocked_after_some_wrong_keys_and_free_a_minute_later() -> None:
    wrong = WrongKeys(limit=3)
    for _ in range(3):
        assert not wrong.blocked("10.0.0.1", 5.0)
        wrong.note("10.0.0.1", 5.0)

    assert wrong.blocked("10.0.0.1", 5.0 + WINDOW_S - 1)
    assert not wrong.blocked("10.0.0.2", 5.0)
    assert not wrong.blocked("10.0.0.1", 5.0 + WINDOW_S)


def test_any_number_of_addresses_takes_bounded_memory() -> None:
    wrong = WrongKeys(limit=1, addresses=2)
    for address in ("a", "b", "c"):
        wrong.note(address, 0.0)

    assert not wrong.blocked("a", 0.0)
    assert wrong.blocked("b", 0.0)
    assert wrong.blocked("c", 0.0)
