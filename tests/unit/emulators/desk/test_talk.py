from dialplan.emulators.desk.talk import AnswerHeard, Heard, SpeechBegan, SpeechOver, Talk
from dialplan.protocols.audio import FRAME_MS, encode, silence

QUIET = silence(FRAME_MS)
LOUD = encode(b"\x00\x20\x00\xe0" * 80)


def listen(*stretches: tuple[int, bool, bool]) -> list[Heard]:
    """Let both sides talk in stretches of (ms, caller speaks, agent speaks)."""
    talk, now, found = Talk(), 0, []
    for length, caller, agent in stretches:
        for _ in range(length // FRAME_MS):
            found += talk.hear(LOUD if caller else QUIET, LOUD if agent else QUIET, now)
            now += FRAME_MS
    return found


def answers(heard: list[Heard]) -> list[AnswerHeard]:
    return [one for one in heard if isinstance(one, AnswerHeard)]


def test_an_answer_is_timed_from_the_end_of_the_callers_speech() -> None:
    heard = listen((200, False, False), (600, False, True), (600, False, False))
    assert answers(heard) == [AnswerHeard(200, 200)]

    heard = (
        listen((200, False, True), (600, False, False), (400, True, False), (700, False, False))
        + listen()
    )
    assert answers(heard) == [AnswerHeard(0, 0)]


def test_every_turn_has_one_answer_however_often_the_agent_pauses() -> None:
    heard = listen(
        (400, False, True),
        (500, False, False),
        (400, True, False),
        (700, False, False),
        (400, False, True),
        (500, False, False),
        (400, False, True),
        (300, False, False),
    )

    assert [one.after_ms for one in answers(heard)] == [0, 700]


def test_an_agent_that_is_interrupted_answers_once_it_was_silent() -> None:
    heard = listen((1000, False, True), (300, True, True), (500, True, False), (900, False, False))
    assert len(answers(heard)) == 1

    heard = listen(
        (1000, False, True),
        (300, True, True),
        (500, True, False),
        (900, False, False),
        (300, False, True),
    )
    assert answers(heard)[1:] == [AnswerHeard(2700, 900)]


def test_a_click_is_no_speech_and_a_gap_does_not_end_it() -> None:
    assert listen((40, True, False), (400, False, False)) == []

    heard = listen((200, True, False), (200, False, False), (200, True, False), (300, False, False))
    assert heard == [SpeechBegan("caller", 0), SpeechOver("caller", 600)]
