from dialplan.emulators.desk.live import MOST_BYTES, LiveCaller
from dialplan.protocols.audio import FRAME_BYTES


def test_what_is_said_goes_out_in_frames_and_what_is_heard_comes_back() -> None:
    heard: list[bytes] = []
    caller = LiveCaller(heard.append)

    assert caller.say(b"\x01" * (FRAME_BYTES + 10))
    caller.press("1#")
    caller.heard(b"\x02" * FRAME_BYTES, 0)

    assert caller.frame(0) == b"\x01" * FRAME_BYTES
    assert caller.frame(20) == b"\x01" * 10 + b"\xff" * (FRAME_BYTES - 10)
    assert caller.frame(40) is None
    assert (caller.digits(0), caller.digits(20)) == ("1#", "")
    assert heard == [b"\x02" * FRAME_BYTES]
    assert not caller.wants_to_hang_up(0)


def test_a_flood_is_dropped() -> None:
    caller = LiveCaller(lambda _audio: None)

    assert caller.say(bytes(MOST_BYTES))
    assert not caller.say(b"\x01")
