import typing

import pytest
from openai.types.realtime import realtime_audio_config_output as output
from openai.types.realtime import realtime_session_create_request as request

from dialplan.config.lint.speech import spoken_seconds
from dialplan.model.known import ENDING, REALTIME_MODELS, VOICES


def _literals(annotation: object) -> set[str]:
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return set(inner)
    return {text for one in inner for text in _literals(one)}


def test_the_models_are_those_that_the_installed_library_names() -> None:
    named = _literals(request.RealtimeSessionCreateRequest.model_fields["model"].annotation)
    # Previews are gone, and the audio models do not hold a conversation.
    speaking = {name for name in named if "preview" not in name and "audio" not in name}

    assert {*REALTIME_MODELS, *ENDING} == speaking


def test_the_voices_are_those_that_the_installed_library_names() -> None:
    annotation = output.RealtimeAudioConfigOutput.model_fields["voice"].annotation

    assert set(VOICES) == _literals(annotation)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("one two three four five", 2),
        ("{# not said #}{% if x %}one two{% endif %} {{ value }}", 1.6),
        ("子" * 150, 10),
    ],
)
def test_the_time_to_say_a_text_is_estimated(words: str, seconds: float) -> None:
    assert spoken_seconds(words) == pytest.approx(seconds, abs=0.2)
