from dialplan.call.commands import ClearPlayback, PlaySpeech, Say
from dialplan.call.events import CallerSpeechStarted, CallerSpeechStopped
from dialplan.runtime.clock import Clock
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.observer import CallObserver

AUDIO = PlaySpeech("AAAA", "m")


class Watched:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.observer = CallObserver("CA1", "shop", self.metrics, LiveCalls(), Clock())

    def sample(self, name: str) -> float:
        found = self.metrics.registry.get_sample_value(f"dialplan_{name}", {"vertical": "shop"})
        return found or 0.0


def test_the_wait_of_a_caller_ends_with_the_first_audio_alone() -> None:
    watched = Watched()
    watched.observer.saw(CallerSpeechStopped(), 1_000)

    watched.observer.did([AUDIO], "desk", 1_400)
    watched.observer.did([AUDIO], "desk", 1_900)

    assert watched.sample("answer_seconds_count") == 1
    assert watched.sample("answer_seconds_sum") == 0.4


def test_a_caller_who_goes_on_starts_the_wait_anew() -> None:
    watched = Watched()
    watched.observer.saw(CallerSpeechStopped(), 1_000)
    watched.observer.saw(CallerSpeechStarted(), 1_200)
    watched.observer.did([AUDIO], "desk", 1_300)
    watched.observer.saw(CallerSpeechStopped(), 5_000)

    watched.observer.did([AUDIO], "desk", 5_250)

    assert watched.sample("answer_seconds_sum") == 0.25


def test_asking_into_silence_is_no_answer_and_words_before_a_tool_are() -> None:
    watched = Watched()
    watched.observer.saw(CallerSpeechStopped(), 1_000)
    watched.observer.did([Say("Are you still there?", "say_2")], "desk", 9_000)
    watched.observer.did([AUDIO], "desk", 9_500)
    assert watched.sample("answer_seconds_count") == 0

    watched.observer.saw(CallerSpeechStopped(), 20_000)
    watched.observer.did([Say("One moment.", "filler_1")], "desk", 20_100)
    watched.observer.did([AUDIO], "desk", 20_500)

    assert watched.sample("answer_seconds_sum") == 0.5


def test_only_speech_that_was_cut_counts_as_a_barge_in() -> None:
    watched = Watched()
    watched.observer.saw(CallerSpeechStarted(), 1_000)
    watched.observer.did([], "desk", 1_000)

    watched.observer.did([ClearPlayback()], "desk", 2_000)

    assert watched.sample("barge_ins_total") == 1
