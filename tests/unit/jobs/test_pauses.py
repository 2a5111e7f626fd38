from dialplan.jobs.pauses import ALL_S, LONGEST_S, pause_after


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [pause_after(tries) for tries in range(1, 12)]

    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_tries_end_after_a_day() -> None:
    pauses: list[float] = []
    while (pause_s := pause_after(len(pauses) + 1)) is not None:
        pauses.append(pause_s)

    assert ALL_S - LONGEST_S < sum(pauses) <= ALL_S
    assert len(pauses) == 31


def test_a_service_is_left_alone_for_as_long_as_it_asks_but_for_no_more_than_an_hour() -> None:
    assert pause_after(1, 90) == 90
    assert pause_after(5, 90) == 160
    assert pause_after(1, 10**9) == LONGEST_S


def test_a_number_without_end_is_no_trouble() -> None:
    assert pause_after(100_000) is None
