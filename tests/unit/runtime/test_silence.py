from datetime import UTC, datetime, timedelta

from dialplan.runtime.silence import Silence
from dialplan.store.lost import Silent

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ONE = Silent("one", AT)


def test_a_process_is_gone_once_it_was_found_silent_often_enough_in_a_row() -> None:
    silence = Silence(3)

    looks = [silence.looked([ONE]) for _ in range(4)]

    # It stays gone for as long as it has calls that nobody could end.
    assert looks == [[], [], [ONE], [ONE]]


def test_one_that_has_beaten_in_between_counts_from_the_beginning() -> None:
    silence = Silence(3)
    later = Silent("one", AT + timedelta(seconds=20))

    looks = [silence.looked([one]) for one in (ONE, ONE, later, later, later)]

    assert looks == [[], [], [], [], [later]]


def test_one_that_was_not_silent_once_counts_from_the_beginning() -> None:
    silence = Silence(3)

    looks = [silence.looked(found) for found in ([ONE], [ONE], [], [ONE], [ONE], [ONE])]

    assert looks == [[], [], [], [], [], [ONE]]


def test_a_look_that_failed_counts_for_nobody() -> None:
    silence = Silence(2)
    silence.looked([ONE])

    silence.missed()

    assert silence.looked([ONE]) == []
    assert silence.looked([ONE]) == [ONE]


def test_each_process_counts_for_itself() -> None:
    silence = Silence(2)
    signed_off = Silent("two", None)

    silence.looked([ONE])

    assert silence.looked([ONE, signed_off]) == [ONE]
    assert silence.looked([signed_off]) == [signed_off]
