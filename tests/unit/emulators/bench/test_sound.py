"""Audio is matched byte by byte: whatever is wrong with it has a name and a number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.bench.sound import Listener, Sound, Tally

SOUND = Sound(7, "up", 160)


def units(*numbers: int) -> list[bytes]:
    return [SOUND.unit(number) for number in numbers]


def tally_of(*pieces: bytes, sent: int) -> Tally:
    listener = Listener(SOUND)
    for piece in pieces:
        listener.take(piece)
    return listener.close(sent)


def test_units_differ_between_numbers_calls_and_directions() -> None:
    others = [SOUND.unit(1), Sound(8, "up", 160).unit(0), Sound(7, "down", 160).unit(0)]

    assert all(len(other) == 160 for other in others)
    assert len({SOUND.unit(0)[8:], *(other[8:] for other in others[:2])}) == 3
    assert len({SOUND.unit(0), *others}) == 4


def test_audio_in_order_is_clean() -> None:
    assert tally_of(*units(0, 1, 2), sent=3).clean


@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_pieces_of_any_length_complete_the_same_units(lengths: list[int]) -> None:
    whole = b"".join(units(*range(20)))
    listener = Listener(SOUND)
    numbers: list[int] = []
    at = 0
    for length in lengths:
        numbers += listener.take(whole[at : at + length])
        at += length

    complete = min(at, len(whole)) // 160
    assert numbers == list(range(complete))
    assert listener.next == complete


def test_a_batch_completes_several_units_at_once() -> None:
    listener = Listener(SOUND)

    assert listener.take(b"".join(units(0, 1, 2))) == range(3)


def test_what_never_came_is_lost() -> None:
    assert tally_of(*units(0, 1, 4), sent=5) == Tally(lost=2)


def test_the_tail_that_never_came_is_lost() -> None:
    assert tally_of(*units(0, 1), sent=5) == Tally(lost=3)


def test_what_came_late_is_out_of_order_and_not_lost() -> None:
    assert tally_of(*units(0, 2, 1, 3), sent=4) == Tally(reordered=1)


def test_what_came_twice_is_repeated() -> None:
    assert tally_of(*units(0, 1, 1, 2), sent=3) == Tally(repeated=1)


def test_audio_of_another_call_is_foreign() -> None:
    pieces = [SOUND.unit(0), Sound(8, "up", 160).unit(1), SOUND.unit(1)]

    assert tally_of(*pieces, sent=2) == Tally(foreign=1)


def test_audio_of_the_other_direction_is_foreign() -> None:
    pieces = [SOUND.unit(0), Sound(7, "down", 160).unit(1), SOUND.unit(1)]

    assert tally_of(*pieces, sent=2) == Tally(foreign=1)


def test_harmed_bytes_are_counted_and_the_rest_is_found_again() -> None:
    harmed = bytearray(SOUND.unit(1))
    harmed[100] ^= 0xFF

    tally = tally_of(SOUND.unit(0), bytes(harmed), SOUND.unit(2), sent=3)

    assert tally.damaged == 160
    assert tally.lost == 1


def test_bytes_cut_out_of_the_middle_are_noticed() -> None:
    whole = b"".join(units(0, 1, 2, 3))

    tally = tally_of(whole[:200] + whole[230:], sent=4)

    assert tally.lost == 1
    assert tally.damaged == 130


def test_a_unit_that_arrives_in_part_is_damage_and_loss() -> None:
    tally = tally_of(SOUND.unit(0), SOUND.unit(1)[:50], sent=2)

    assert tally == Tally(lost=1, damaged=50)


def test_tallies_add_up() -> None:
    assert Tally(1, 2, 3, 4, 5) + Tally(1, 1, 1, 1, 1) == Tally(2, 3, 4, 5, 6)
    assert not Tally(foreign=1).clean
