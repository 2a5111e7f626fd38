import base64

from dialplan.call.playback import Truncation
from dialplan.call.transcript import Line, Transcript


def audio(ms: int) -> str:
    return base64.b64encode(bytes(ms * 8)).decode()


def test_a_line_that_was_heard_to_its_end_is_whole() -> None:
    transcript = Transcript()
    transcript.audio("clerk", "i1", audio(400))
    transcript.agent_said("i1", "Good morning to you")

    assert transcript.settle() == [Line("agent", "clerk", "Good morning to you", 400)]
    assert transcript.settle() == []


def test_a_barge_in_leaves_only_the_words_that_were_heard() -> None:
    transcript = Transcript()
    transcript.audio("clerk", "i1", audio(1000))
    transcript.agent_said("i1", "one two three four")
    transcript.cut((Truncation("i1", 0, 500),))

    assert transcript.caller_said("Wait.") == [
        Line("agent", "clerk", "one two", 500),
        Line("caller", "", "Wait."),
    ]


def test_words_that_come_after_the_cut_are_cut_too() -> None:
    transcript = Transcript()
    transcript.audio("clerk", "i1", audio(1000))
    transcript.cut((Truncation("i1", 0, 250),))
    transcript.agent_said("i1", "one two three four")

    assert transcript.settle() == [Line("agent", "clerk", "one", 250)]


def test_what_was_not_heard_at_all_is_no_line() -> None:
    transcript = Transcript()
    transcript.audio("clerk", "i1", audio(1000))
    transcript.agent_said("i1", "never heard")
    transcript.cut((Truncation("i1", 0, 0),))

    assert transcript.settle(last=True) == []


def test_words_without_audio_are_no_line() -> None:
    transcript = Transcript()
    transcript.agent_said("i1", "muted")

    assert transcript.settle(last=True) == []


def test_an_item_without_words_waits_for_them_until_the_end() -> None:
    transcript = Transcript()
    transcript.audio("clerk", "i1", audio(100))

    assert transcript.settle() == []
    assert transcript.settle(last=True) == []


def test_an_empty_turn_of_the_caller_is_no_line() -> None:
    assert Transcript().caller_said("  ") == []
