"""The playback ledger: what was heard is what marks of this generation prove."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from dialplan.call.playback import PlaybackLedger, Truncation, payload_bytes


@given(st.binary(max_size=400))
def test_the_size_of_a_payload_is_known_without_decoding_it(audio: bytes) -> None:
    assert payload_bytes(base64.b64encode(audio).decode()) == len(audio)


def test_nothing_is_heard_before_a_mark_returns() -> None:
    ledger = PlaybackLedger()
    ledger.queue("a", 0, 1600)

    assert ledger.clear() == (Truncation("a", 0, 0),)


def test_an_item_is_cut_at_the_last_returned_mark() -> None:
    ledger = PlaybackLedger()
    first = ledger.queue("a", 0, 1600)
    ledger.queue("a", 0, 1600)

    assert first == "0:a:200"
    assert ledger.heard(first)
    assert ledger.clear() == (Truncation("a", 0, 200),)


def test_every_queued_item_is_cut_the_unheard_one_at_zero() -> None:
    ledger = PlaybackLedger()
    mark = ledger.queue("a", 0, 1600)
    ledger.queue("a", 0, 1600)
    ledger.queue("b", 1, 1600)
    ledger.finish("a")
    assert mark is not None
    ledger.heard(mark)

    assert ledger.clear() == (Truncation("a", 0, 200), Truncation("b", 1, 0))


def test_a_mark_of_any_length_proves_nothing_that_was_not_queued() -> None:
    ledger = PlaybackLedger()
    ledger.queue("a", 0, 1600)

    assert not ledger.heard("0:a:" + "9" * 5_000)
    assert ledger.clear() == (Truncation("a", 0, 0),)


def test_an_item_heard_to_its_end_is_not_cut() -> None:
    ledger = PlaybackLedger()
    mark = ledger.queue("a", 0, 8003)
    ledger.finish("a")
    assert mark is not None
    ledger.heard(mark)

    assert ledger.idle
    assert ledger.clear() == ()


def test_an_item_that_ends_after_it_was_heard_is_not_cut() -> None:
    ledger = PlaybackLedger()
    mark = ledger.queue("a", 0, 1600)
    assert mark is not None
    ledger.heard(mark)
    ledger.finish("a")

    assert ledger.clear() == ()


def test_an_item_still_being_sent_is_cut_even_when_all_that_came_was_heard() -> None:
    ledger = PlaybackLedger()
    mark = ledger.queue("a", 0, 1600)
    assert mark is not None
    ledger.heard(mark)

    assert ledger.clear() == (Truncation("a", 0, 200),)


def test_marks_flushed_by_a_clear_prove_nothing() -> None:
    ledger = PlaybackLedger()
    old = ledger.queue("a", 0, 1600)
    ledger.clear()
    ledger.queue("b", 0, 1600)

    assert old is not None
    assert not ledger.heard(old)
    assert not ledger.idle


def test_late_audio_of_a_cut_item_is_refused() -> None:
    ledger = PlaybackLedger()
    ledger.queue("a", 0, 1600)
    ledger.clear()

    assert ledger.queue("a", 0, 1600) is None
    assert ledger.idle


def test_finishing_an_unknown_item_does_nothing() -> None:
    ledger = PlaybackLedger()

    ledger.finish("a")

    assert ledger.idle


def test_marks_that_are_not_ours_prove_nothing() -> None:
    ledger = PlaybackLedger()
    ledger.queue("a", 0, 1600)

    for mark in ("", "0:a", "0:a:x", "0:b:200", "0:a:201", "1:a:200", "0:a:-1"):
        assert not ledger.heard(mark)
    assert not ledger.idle


def test_an_older_mark_takes_nothing_back() -> None:
    ledger = PlaybackLedger()
    first = ledger.queue("a", 0, 800)
    second = ledger.queue("a", 0, 800)
    assert first is not None
    assert second is not None
    ledger.heard(second)

    assert not ledger.heard(first)
    assert ledger.clear() == (Truncation("a", 0, 200),)


def test_an_item_id_may_hold_a_colon() -> None:
    ledger = PlaybackLedger()
    mark = ledger.queue("item:7", 0, 800)

    assert mark is not None
    assert ledger.heard(mark)


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("queue"), st.integers(0, 3), st.integers(1, 4000)),
        st.tuples(st.just("mark"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("finish"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(_STEPS)
def test_no_cut_lies_beyond_what_was_heard_or_sent(
    steps: list[tuple[str, int, int]],
) -> None:
    """Against a carrier that plays in order and flushes outstanding marks after a clear."""
    ledger = PlaybackLedger()
    outstanding: list[tuple[str, str]] = []
    flushed: list[str] = []
    sent: dict[str, int] = {}
    heard: dict[str, int] = {}
    finished: set[str] = set()
    for step, number, size in steps:
        item = f"item_{number}"
        if step == "queue" and item not in finished:
            mark = ledger.queue(item, 0, size)
            if mark is not None:
                sent[item] = sent.get(item, 0) + size
                outstanding.append((mark, item))
        elif step == "finish":
            ledger.finish(item)
            finished.add(item)
        elif step == "mark" and flushed:
            assert not ledger.heard(flushed.pop(0))
        elif step == "mark" and outstanding:
            mark, item = outstanding.pop(0)
            ledger.heard(mark)
            heard[item] = int(mark.rpartition(":")[2])
        elif step == "clear":
            for cut in ledger.clear():
                assert cut.audio_end_ms == heard.get(cut.item_id, 0)
                assert cut.audio_end_ms * 8 <= sent[cut.item_id]
                assert ledger.queue(cut.item_id, 0, 8) is None
            flushed += [mark for mark, _ in outstanding]
            outstanding = []
            assert ledger.idle
