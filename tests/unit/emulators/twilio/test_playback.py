from __future__ import annotations

from dialplan.emulators.twilio.playback import LIMIT_BYTES, Playback

SILENT = b"\xff" * 160


def test_an_empty_buffer_plays_silence() -> None:
    assert Playback().advance().audio == SILENT


def test_audio_is_played_20_ms_at_a_time_in_order() -> None:
    playback = Playback()
    playback.add(b"a" * 160)
    playback.add(b"b" * 170)

    played = [playback.advance().audio for _ in range(4)]

    assert played == [b"a" * 160, b"b" * 160, b"b" * 10 + SILENT[10:], SILENT]


def test_a_mark_on_an_empty_buffer_comes_back_at_once() -> None:
    assert Playback().mark("a") == ("a",)


def test_a_mark_comes_back_with_the_last_frame_of_its_audio() -> None:
    playback = Playback()
    playback.add(b"a" * 200)

    assert playback.mark("first") == ()
    playback.add(b"b" * 40)
    playback.mark("second")

    assert playback.advance().marks == ()
    assert playback.advance().marks == ("first", "second")
    assert playback.idle


def test_marks_without_audio_between_them_come_back_together_in_order() -> None:
    playback = Playback()
    playback.add(b"a" * 160)
    playback.mark("first")
    playback.mark("second")

    assert playback.advance().marks == ("first", "second")


def test_clear_drops_the_audio_and_returns_all_pending_marks_in_order() -> None:
    playback = Playback()
    playback.add(b"a" * 320)
    playback.mark("first")
    playback.add(b"b" * 320)
    playback.mark("second")
    playback.advance()

    assert playback.clear() == ("first", "second")
    assert playback.idle
    assert playback.advance().audio == SILENT


def test_marks_after_a_clear_follow_the_new_audio() -> None:
    playback = Playback()
    playback.add(b"a" * 999)
    playback.clear()
    playback.add(b"b" * 160)
    playback.mark("new")

    played = playback.advance()

    assert (played.audio, played.marks) == (b"b" * 160, ("new",))


def test_more_than_ten_minutes_are_discarded() -> None:
    playback = Playback()

    assert playback.add(b"a" * LIMIT_BYTES)
    assert not playback.add(b"b")
    playback.advance()
    assert playback.add(b"b" * 160)
