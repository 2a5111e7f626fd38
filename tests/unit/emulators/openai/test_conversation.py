"""The session state machine: frames in, events and work out, no loop and no socket."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

from dialplan.emulators.openai.conversation import Conversation
from dialplan.emulators.openai.mind import FunctionCall, FunctionOutput, Message
from dialplan.emulators.openai.session import SessionConfig
from dialplan.emulators.openai.work import Abandon, Generate, Transcribe, Work
from dialplan.emulators.speech.ports import Detector, SpeechStarted, SpeechStopped

Event = dict[str, Any]

_CLASSES: dict[str, type[BaseModel]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind
    for kind in get_args(get_args(RealtimeServerEvent)[0])
}
_SILENCE = 0xFF


class LoudnessDetector:
    """Anything but digital silence is speech."""

    def __init__(self, silence_duration_ms: int) -> None:
        self._hangover = silence_duration_ms
        self._at = 0
        self._last: int | None = None

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        found: list[SpeechStarted | SpeechStopped] = []
        for start in range(0, len(audio), 80):
            now = self._at // 8
            if any(byte != _SILENCE for byte in audio[start : start + 80]):
                if self._last is None:
                    found.append(SpeechStarted(now))
                self._last = now + 10
            elif self._last is not None and now + 10 - self._last >= self._hangover:
                found.append(SpeechStopped(self._last))
                self._last = None
            self._at += len(audio[start : start + 80])
        return found


def _detector(*, threshold: float, prefix_padding_ms: int, silence_duration_ms: int) -> Detector:
    return LoudnessDetector(silence_duration_ms)


class Talk:
    """A conversation under test; every event it emits is checked against the official schema."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        config = SessionConfig(session_id="sess_1", model="gpt-realtime-2.1", expires_at=4600)
        self.conversation = Conversation(
            config=config,
            session_id="sess_1",
            detectors=_detector,
            new_id=lambda prefix: f"{prefix}_{next(numbers)}",
        )
        self.now = 100.0

    def events(self) -> list[Event]:
        drained = self.conversation.drain_events()
        for event in drained:
            _CLASSES[event["type"]].model_validate_json(json.dumps(event))
        return drained

    def send(self, kind: str, **fields: object) -> list[Event]:
        self.conversation.receive(json.dumps({"type": kind, **fields}), self.now)
        return self.events()

    def session(self, **fields: object) -> list[Event]:
        return self.send("session.update", session={"type": "realtime", **fields})

    def phone(self, **detection: object) -> None:
        """Set the session up as a telephone bridge does."""
        turn = {"type": "server_vad", **detection}
        self.session(
            instructions="Be kind.",
            audio={
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "turn_detection": turn,
                    "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
            },
        )

    def audio(self, *stretches: tuple[int, int]) -> list[Event]:
        """Send stretches of (byte, milliseconds)."""
        data = b"".join(bytes([value]) * (ms * 8) for value, ms in stretches)
        return self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def utter(self, text: str) -> list[Event]:
        """A spoken turn, heard as `text`."""
        events = self.audio((_SILENCE, 400), (1, 600), (_SILENCE, 600))
        work = [step for step in self.work() if isinstance(step, Transcribe)]
        self.conversation.heard(work[-1].item_id, text, self.now)
        return [*events, *self.events()]

    def work(self) -> list[Work]:
        return self.conversation.drain_work()

    def respond(self, **fields: object) -> str:
        """Begin a response; return its id."""
        created = self.send("response.create", **({"response": fields} if fields else {}))
        assert created[0]["type"] == "response.created"
        return str(created[0]["response"]["id"])

    def speak(self, response_id: str, text: str, ms: int = 1000, sent_ms: int | None = None) -> str:
        """Say a sentence of `ms`, of which `sent_ms` get sent; return the item's id."""
        self.conversation.responses.say(response_id, text, ms * 8, self.now)
        sent = (ms if sent_ms is None else sent_ms) * 8
        for start in range(0, sent, 1600):
            chunk = b"\x21" * min(1600, sent - start)
            self.conversation.responses.speak(response_id, chunk, self.now)
        return str(next(e for e in self.events() if "item_id" in e)["item_id"])

    def known(self) -> Sequence[object]:
        """What the mind would be told now, by an out-of-band response."""
        response_id = self.respond(conversation="none")
        turn = self.conversation.responses.turn(response_id)
        assert turn is not None
        self.conversation.responses.finish(response_id, self.now)
        self.events()
        return turn.items


@pytest.fixture
def talk() -> Talk:
    opened = Talk()
    opened.events()
    return opened


def types(events: Sequence[Event]) -> list[str]:
    return [event["type"] for event in events]


def error_code(events: Sequence[Event]) -> str:
    assert types(events) == ["error"]
    return str(events[0]["error"]["code"])


def test_a_session_opens_with_its_configuration_and_its_conversation() -> None:
    events = Talk().events()

    assert types(events) == ["session.created", "conversation.created"]
    assert events[0]["session"]["type"] == "realtime"
    assert events[0]["session"]["expires_at"] == 4600
    assert len({event["event_id"] for event in events}) == 2


def test_an_update_answers_with_the_full_effective_configuration(talk: Talk) -> None:
    [updated] = talk.session(
        instructions="Hi", audio={"output": {"format": {"type": "audio/pcmu"}}}
    )

    assert updated["type"] == "session.updated"
    assert updated["session"]["instructions"] == "Hi"
    assert updated["session"]["audio"]["output"] == {
        "format": {"type": "audio/pcmu"},
        "voice": "alloy",
        "speed": 1.0,
    }
    assert updated["session"]["audio"]["input"]["turn_detection"]["interrupt_response"] is True


def test_the_voice_may_change_until_the_assistant_was_heard(talk: Talk) -> None:
    assert types(talk.session(audio={"output": {"voice": "cedar"}})) == ["session.updated"]
    talk.speak(talk.respond(), "Hello.")

    refused = talk.session(audio={"output": {"voice": "marin"}})

    assert error_code(refused) == "cannot_update_voice"
    assert types(talk.session(audio={"output": {"voice": "cedar"}})) == ["session.updated"]


def test_the_model_of_a_session_never_changes(talk: Talk) -> None:
    assert error_code(talk.session(model="gpt-realtime-mini")) == "invalid_value"
    assert types(talk.session(model="gpt-realtime-2.1")) == ["session.updated"]


@pytest.mark.parametrize(
    ("frame", "code", "event_id"),
    [
        ("{", "invalid_json", None),
        ("[]", "invalid_event", None),
        ("[" * 100_000, "invalid_json", None),
        (b"\xff\xfe\x00", "invalid_json", None),
        ('{"event_id": "mine"}', "invalid_event", "mine"),
        ('{"type": "no.such", "event_id": "mine"}', "invalid_value", "mine"),
        ('{"type": 7}', "invalid_event", None),
        ('{"type": "conversation.item.delete"}', "missing_required_parameter", None),
        ('{"type": "response.create", "response": 5}', "invalid_type", None),
        ('{"type": "session.update", "session": null}', "invalid_type", None),
        ('{"type": "session.update", "session": {"type": "transcription"}}', "invalid_value", None),
        ('{"type": "input_audio_buffer.append", "audio": "%%%"}', "invalid_value", None),
        ('{"type": "output_audio_buffer.clear"}', "invalid_value", None),
    ],
)
def test_a_bad_frame_gets_an_error_that_echoes_the_event_id(
    talk: Talk, frame: str | bytes, code: str, event_id: str | None
) -> None:
    talk.conversation.receive(frame, talk.now)

    events = talk.events()

    assert error_code(events) == code
    assert events[0]["error"]["event_id"] == event_id
    assert types(talk.session()) == ["session.updated"]


def test_a_spoken_turn_is_told_in_the_order_of_the_reference(talk: Talk) -> None:
    talk.phone()

    before = talk.audio((_SILENCE, 400), (1, 600), (_SILENCE, 600))

    assert types(before) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert before[0]["audio_start_ms"] == 100, "the onset less the prefix padding of 300 ms"
    assert "audio_end_ms" not in before[0]
    assert before[1]["audio_end_ms"] == 1500, "the end of speech and the 500 ms that proved it"
    assert len({before[i]["item_id"] for i in range(3)} | {before[3]["item"]["id"]}) == 1
    [work] = talk.work()
    assert isinstance(work, Transcribe)
    assert len(work.audio) == 1400 * 8

    talk.conversation.heard(work.item_id, "a table please", talk.now)

    after = talk.events()
    assert types(after) == [
        "response.created",
        "rate_limits.updated",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert after[0]["response"]["status"] == "in_progress"
    assert after[0]["response"]["output"] == []
    assert after[3]["usage"] == {"type": "duration", "seconds": 1.4}
    assert talk.known() == (Message("user", "a table please"),)


def test_a_spoken_response_is_told_in_the_order_of_the_reference(talk: Talk) -> None:
    talk.phone()
    response_id = talk.respond(metadata={"why": "greeting"})
    talk.conversation.responses.say(response_id, "Hello.", 3200, talk.now)
    talk.conversation.responses.speak(response_id, b"\x01" * 1600, talk.now)
    talk.conversation.responses.speak(response_id, b"\x02" * 1600, talk.now)
    talk.conversation.responses.say(response_id, "Who is it?", 800, talk.now)
    talk.conversation.responses.speak(response_id, b"\x03" * 800, talk.now)
    talk.conversation.responses.finish(response_id, talk.now)

    events = talk.events()

    assert types(events) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert events[0]["item"]["status"] == "in_progress"
    assert events[2]["part"]["type"] == "audio"
    assert base64.b64decode(events[4]["delta"]) == b"\x01" * 1600
    assert events[9]["transcript"] == "Hello. Who is it?"
    done = events[-1]["response"]
    assert (done["status"], done["metadata"]) == ("completed", {"why": "greeting"})
    assert done["output"][0]["content"] == [
        {"type": "output_audio", "transcript": "Hello. Who is it?"}
    ]
    assert done["usage"]["output_token_details"] == {"text_tokens": 5, "audio_tokens": 10}
    assert done["usage"]["total_tokens"] == (
        done["usage"]["input_tokens"] + done["usage"]["output_tokens"]
    )


def test_a_function_call_is_an_item_of_its_own_and_its_output_reaches_the_mind(talk: Talk) -> None:
    response_id = talk.respond()
    talk.conversation.responses.call(
        response_id, "find_slots", '{"day": "2026-11-24", "doctor": "Kim"}', 1
    )
    talk.conversation.responses.finish(response_id, talk.now)

    events = talk.events()

    assert types(events) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    pieces = "".join(event["delta"] for event in events if event["type"].endswith("delta"))
    assert json.loads(pieces) == {"day": "2026-11-24", "doctor": "Kim"}
    call_id = events[-2]["item"]["call_id"]
    assert (events[-2]["item"]["status"], events[4]["name"]) == ("completed", "find_slots")

    added = talk.send(
        "conversation.item.create",
        item={"type": "function_call_output", "call_id": call_id, "output": "[]"},
    )

    assert types(added) == ["conversation.item.added", "conversation.item.done"]
    assert talk.known() == (
        FunctionCall(call_id, "find_slots", pieces),
        FunctionOutput(call_id, "[]"),
    )


def test_the_output_of_an_unknown_call_is_refused(talk: Talk) -> None:
    item = {"type": "function_call_output", "call_id": "call_x", "output": "1"}

    assert error_code(talk.send("conversation.item.create", item=item)) == "invalid_tool_call_id"


def test_speech_and_a_call_in_one_response_are_two_items(talk: Talk) -> None:
    response_id = talk.respond()
    talk.speak(response_id, "One moment.")
    talk.conversation.responses.call(response_id, "look_up", "{}", talk.now)
    talk.conversation.responses.say(response_id, "Done.", 8, talk.now)
    talk.conversation.responses.finish(response_id, talk.now)

    events = talk.events()

    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "message"]
    assert [
        e["output_index"] for e in events if e["type"].endswith("item.done") and "output_index" in e
    ] == [0, 1, 2]


def test_barge_in_cancels_the_response_and_no_audio_follows(talk: Talk) -> None:
    talk.phone()
    response_id = talk.respond()
    talk.speak(response_id, "A very long story begins here.", ms=3000, sent_ms=600)
    talk.work()

    events = talk.audio((_SILENCE, 400), (1, 100))

    assert types(events) == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    done = events[-1]["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["output"][0]["status"] == "incomplete"
    assert talk.work() == [Abandon(response_id)]
    assert talk.conversation.responses.speak(response_id, b"\x01" * 1600, talk.now) is False
    assert talk.conversation.responses.say(response_id, "More.", 800, talk.now) is False
    assert talk.conversation.responses.call(response_id, "x", "{}", talk.now) is False
    talk.conversation.responses.finish(response_id, talk.now)
    assert talk.events() == []


def test_without_interrupt_response_speech_lets_the_response_run(talk: Talk) -> None:
    talk.phone(interrupt_response=False)
    response_id = talk.respond()
    talk.speak(response_id, "A long story.", ms=3000, sent_ms=600)

    assert types(talk.audio((_SILENCE, 400), (1, 100))) == ["input_audio_buffer.speech_started"]

    assert talk.conversation.responses.speak(response_id, b"\x01", talk.now) is True


def test_truncation_keeps_the_words_that_were_heard(talk: Talk) -> None:
    response_id = talk.respond()
    item_id = talk.speak(response_id, "First sentence.", ms=1000)
    talk.speak(response_id, "aaaa bbbb cccc dddd", ms=1600)
    talk.conversation.responses.finish(response_id, talk.now)
    talk.events()

    events = talk.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1900
    )

    assert events[0] == {
        "event_id": events[0]["event_id"],
        "type": "conversation.item.truncated",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": 1900,
    }
    assert talk.known() == (Message("assistant", "First sentence. aaaa bbbb"),)
    [retrieved] = talk.send("conversation.item.retrieve", item_id=item_id)
    content = retrieved["item"]["content"][0]
    assert "transcript" not in content, "the server-side transcript is deleted"
    assert len(base64.b64decode(content["audio"])) == 1900 * 48, "24 kHz PCM of what was kept"


def test_a_message_truncated_to_nothing_is_unknown_to_the_mind(talk: Talk) -> None:
    item_id = talk.speak(talk.respond(), "Never heard.")

    talk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)

    assert talk.known() == ()


def test_a_cancelled_sentence_is_known_as_far_as_its_audio_was_sent(talk: Talk) -> None:
    talk.speak(talk.respond(), "aaaa bbbb cccc dddd", ms=1600, sent_ms=800)

    events = talk.send("response.cancel")

    assert events[-1]["response"]["status_details"]["reason"] == "client_cancelled"
    assert talk.known() == (Message("assistant", "aaaa bbbb"),)


@pytest.mark.parametrize(
    ("audio_end_ms", "content_index", "code"),
    [(1001, 0, "invalid_value"), (-1, 0, "invalid_value"), (500, 1, "invalid_value")],
)
def test_truncation_outside_the_audio_is_refused_and_changes_nothing(
    talk: Talk, audio_end_ms: int, content_index: int, code: str
) -> None:
    item_id = talk.speak(talk.respond(), "Hello there.", ms=1000)

    events = talk.send(
        "conversation.item.truncate",
        event_id="t1",
        item_id=item_id,
        content_index=content_index,
        audio_end_ms=audio_end_ms,
    )

    assert error_code(events) == code
    assert events[0]["error"]["event_id"] == "t1"
    assert talk.known() == (Message("assistant", "Hello there."),)


def test_truncating_a_second_time_beyond_the_first_is_refused(talk: Talk) -> None:
    item_id = talk.speak(talk.respond(), "Hello there.", ms=1000)
    cut = {"item_id": item_id, "content_index": 0}
    talk.send("conversation.item.truncate", audio_end_ms=400, **cut)

    assert (
        error_code(talk.send("conversation.item.truncate", audio_end_ms=600, **cut))
        == "invalid_value"
    )
    assert types(talk.send("conversation.item.truncate", audio_end_ms=200, **cut)) == [
        "conversation.item.truncated"
    ]


def test_only_assistant_audio_can_be_truncated(talk: Talk) -> None:
    talk.send(
        "conversation.item.create",
        item={
            "id": "m1",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "x"}],
        },
    )
    cut = {"content_index": 0, "audio_end_ms": 0}

    user = talk.send("conversation.item.truncate", item_id="m1", **cut)
    unknown = talk.send("conversation.item.truncate", item_id="nope", **cut)

    assert error_code(user) == "unsupported_content_type"
    assert error_code(unknown) == "item_truncate_invalid_item_id"


@pytest.mark.parametrize("action", ["delete", "retrieve"])
def test_an_unknown_item_is_refused(talk: Talk, action: str) -> None:
    refused = talk.send(f"conversation.item.{action}", item_id="nope")

    assert error_code(refused) == f"item_{action}_invalid_item_id"


def test_items_take_the_place_they_ask_for(talk: Talk) -> None:
    def create(item_id: str, previous: str | None) -> list[Event]:
        content = [{"type": "input_text", "text": item_id}]
        item = {"id": item_id, "type": "message", "role": "user", "content": content}
        place = {} if previous is None else {"previous_item_id": previous}
        return talk.send("conversation.item.create", item=item, **place)

    create("a", None)
    create("c", None)
    between = create("b", "a")
    create("start", "root")

    assert between[0]["previous_item_id"] == "a"
    assert talk.known() == tuple(Message("user", name) for name in ("start", "a", "b", "c"))
    assert error_code(create("d", "nope")) == "item_create_invalid_previous_item_id"
    assert error_code(create("a", None)) == "item_create_duplicate_item_id"
    assert types(talk.send("conversation.item.delete", item_id="b")) == [
        "conversation.item.deleted"
    ]
    assert talk.known() == tuple(Message("user", name) for name in ("start", "a", "c"))


def test_only_one_response_at_a_time_writes_to_the_conversation(talk: Talk) -> None:
    talk.respond()

    refused = talk.send("response.create", event_id="second")

    assert error_code(refused) == "conversation_already_has_active_response"
    assert refused[0]["error"]["event_id"] == "second"


def test_cancelling_nothing_is_an_error_and_the_session_goes_on(talk: Talk) -> None:
    assert error_code(talk.send("response.cancel")) == "response_cancel_not_active"
    assert (
        error_code(talk.send("response.cancel", response_id="resp_x"))
        == "response_cancel_not_active"
    )
    assert talk.respond()


def test_an_out_of_band_response_leaves_the_conversation_alone(talk: Talk) -> None:
    talk.respond()
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Sum up"}],
    }
    talk.send("conversation.item.create", item={**item, "id": "ref"})
    raw = {"conversation": "none", "output_modalities": ["text"], "instructions": "Briefly."}
    created = talk.send(
        "response.create",
        response={**raw, "input": [{"type": "item_reference", "id": "ref"}, item]},
    )
    response_id = created[0]["response"]["id"]
    turn = talk.conversation.responses.turn(response_id)
    assert turn is not None
    assert turn.items == (Message("user", "Sum up"), Message("user", "Sum up"))
    assert turn.response_instructions == "Briefly."

    talk.conversation.responses.say(response_id, "All well.", 0, talk.now)
    talk.conversation.responses.say(response_id, "Truly.", 0, talk.now)
    talk.conversation.responses.finish(response_id, talk.now)

    events = talk.events()
    assert types(events) == [
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert created[0]["response"]["conversation_id"] is None
    assert events[-1]["response"]["output"][0]["content"] == [
        {"type": "output_text", "text": "All well. Truly."}
    ]
    assert Message("assistant", "All well. Truly.") not in talk.known()


def test_parallel_responses_are_bounded(talk: Talk) -> None:
    for _ in range(16):
        talk.respond(conversation="none")

    refused = talk.send("response.create", response={"conversation": "none"})

    assert error_code(refused) == "too_many_responses"


def test_a_reference_to_an_unknown_item_is_refused(talk: Talk) -> None:
    response = {"conversation": "none", "input": [{"type": "item_reference", "id": "nope"}]}

    refused = talk.send("response.create", response=response)

    assert error_code(refused) == "item_reference_invalid_item_id"


def test_a_response_sees_the_tools_and_the_choice_it_was_given(talk: Talk) -> None:
    tool = {
        "type": "function",
        "name": "book",
        "description": "Books",
        "parameters": {"type": "object", "properties": {}},
    }
    talk.session(instructions="Base", tools=[tool], tool_choice="auto")

    def turn(**fields: object) -> tuple[list[str], str]:
        response_id = talk.respond(conversation="none", **fields)
        found = talk.conversation.responses.turn(response_id)
        assert found is not None
        return [known.name for known in found.tools], found.tool_choice

    assert turn() == (["book"], "auto")
    assert turn(tool_choice="none") == ([], "none")
    assert turn(tool_choice={"type": "function", "name": "book"}) == (["book"], "book")
    assert turn(tools=[{**tool, "name": "other"}], tool_choice="required") == (
        ["other"],
        "required",
    )


def test_a_response_stops_at_its_token_limit(talk: Talk) -> None:
    response_id = talk.respond(max_output_tokens=10)
    talk.conversation.responses.say(response_id, "Hi.", 8000, talk.now)
    sent = [
        talk.conversation.responses.speak(response_id, b"\x01" * 1600, talk.now) for _ in range(4)
    ]

    done = talk.events()[-1]["response"]

    assert sent == [True, True, False, False]
    assert done["status"] == "incomplete"
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}


def test_a_voice_of_its_own_is_refused_once_the_assistant_was_heard(talk: Talk) -> None:
    other = {"audio": {"output": {"voice": "cedar"}}, "conversation": "none"}
    talk.respond(**other)
    talk.speak(talk.respond(), "Hello.")

    assert error_code(talk.send("response.create", response=other)) == "cannot_update_voice"


def test_another_conversation_than_the_default_or_none_is_refused(talk: Talk) -> None:
    refused = talk.send("response.create", response={"conversation": "conv_9"})

    assert error_code(refused) == "invalid_value"


def test_a_deleted_utterance_is_not_answered(talk: Talk) -> None:
    talk.phone()
    talk.audio((1, 600), (_SILENCE, 500))
    [work] = talk.work()
    assert isinstance(work, Transcribe)
    talk.send("conversation.item.delete", item_id=work.item_id)

    talk.conversation.heard(work.item_id, "hello", talk.now)

    assert talk.events() == []


def test_a_failed_response_says_so(talk: Talk) -> None:
    response_id = talk.respond()

    talk.conversation.responses.fail(response_id, talk.now)

    [done] = talk.events()
    assert done["response"]["status"] == "failed"
    assert done["response"]["status_details"]["error"]["type"] == "server_error"
    assert talk.respond()


def test_a_noise_is_transcribed_as_empty_and_gets_no_response(talk: Talk) -> None:
    talk.phone()

    events = talk.utter("")

    assert "response.created" not in types(events)
    assert events[-1]["type"] == "conversation.item.input_audio_transcription.completed"
    assert events[-1]["transcript"] == ""
    assert talk.known() == ()


def test_a_noise_that_cut_a_response_off_is_answered(talk: Talk) -> None:
    talk.phone()
    talk.speak(talk.respond(), "aaaa bbbb", ms=2000, sent_ms=1000)

    events = talk.utter("")

    assert "response.created" in types(events)
    assert talk.known() == (Message("assistant", "aaaa"), Message("user", ""))


def test_a_turn_during_a_response_that_may_not_be_interrupted_is_refused_its_own(
    talk: Talk,
) -> None:
    talk.phone(interrupt_response=False)
    response_id = talk.respond()
    talk.conversation.responses.turn(response_id)

    events = talk.utter("hello")

    [refused] = [event for event in events if event["type"] == "error"]
    assert refused["error"]["code"] == "conversation_already_has_active_response"
    assert events[-1]["type"] == "conversation.item.input_audio_transcription.completed"


def test_a_response_the_client_created_before_the_ear_was_done_answers_the_turn(
    talk: Talk,
) -> None:
    talk.phone()
    talk.audio((1, 600), (_SILENCE, 500))
    [work] = talk.work()
    assert isinstance(work, Transcribe)
    response_id = talk.respond()

    talk.conversation.heard(work.item_id, "hello", talk.now)

    assert "error" not in types(talk.events())
    turn = talk.conversation.responses.turn(response_id)
    assert turn is not None
    assert turn.items == (Message("user", "hello"),)


def test_a_caller_who_goes_on_talking_is_answered_once_for_all_of_it(talk: Talk) -> None:
    talk.phone()
    talk.audio((1, 600), (_SILENCE, 500))
    [first] = talk.work()
    assert isinstance(first, Transcribe)
    talk.audio((1, 600))
    talk.conversation.heard(first.item_id, "I would like", talk.now)
    assert "response.created" not in types(talk.events())

    talk.audio((_SILENCE, 500))
    [second] = talk.work()
    assert isinstance(second, Transcribe)
    talk.conversation.heard(second.item_id, "a table", talk.now)

    assert types(talk.events())[0] == "response.created"
    assert talk.known() == (Message("user", "I would like"), Message("user", "a table"))


def test_a_failed_transcription_leaves_the_session_usable(talk: Talk) -> None:
    talk.phone()
    talk.audio((1, 600), (_SILENCE, 500))
    [work] = talk.work()
    assert isinstance(work, Transcribe)
    assert talk.conversation.unheard_count == 1

    talk.conversation.unheard(work.item_id)

    assert types(talk.events()) == ["conversation.item.input_audio_transcription.failed"]
    assert talk.conversation.unheard_count == 0
    assert talk.respond()


def test_without_transcription_the_mind_still_hears(talk: Talk) -> None:
    talk.phone()
    talk.session(audio={"input": {"transcription": None}})

    events = talk.utter("hello")

    assert not [kind for kind in types(events) if "transcription" in kind]
    assert talk.known() == (Message("user", "hello"),)


def test_without_create_response_a_turn_waits_for_the_client(talk: Talk) -> None:
    talk.phone(create_response=False)

    assert "response.created" not in types(talk.utter("hello"))
    assert talk.respond()


def test_a_client_that_detects_turns_itself_commits_and_asks(talk: Talk) -> None:
    talk.phone()
    talk.session(audio={"input": {"turn_detection": None}})
    assert talk.audio((1, 50)) == []
    too_little = talk.send("input_audio_buffer.commit")
    talk.audio((1, 500), (_SILENCE, 2000))

    committed = talk.send("input_audio_buffer.commit")

    assert error_code(too_little) == "input_audio_buffer_commit_empty"
    assert types(committed) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    [work] = talk.work()
    assert isinstance(work, Transcribe)
    assert len(work.audio) == 2550 * 8
    talk.conversation.heard(work.item_id, "hello", talk.now)
    assert "response.created" not in types(talk.events())
    assert error_code(talk.send("input_audio_buffer.commit")) == "input_audio_buffer_commit_empty"


def test_a_cleared_buffer_is_empty(talk: Talk) -> None:
    talk.phone()
    talk.audio((1, 500))

    assert types(talk.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]

    assert error_code(talk.send("input_audio_buffer.commit")) == "input_audio_buffer_commit_empty"
    assert talk.audio((_SILENCE, 1000)) == [], "the utterance was forgotten with the buffer"


def test_audio_that_a_client_puts_into_an_item_is_heard(talk: Talk) -> None:
    talk.phone()
    audio = base64.b64encode(b"\x01" * 8000).decode()
    content = [{"type": "input_audio", "audio": audio}]
    item = {"id": "a1", "type": "message", "role": "user", "content": content}

    talk.send("conversation.item.create", item=item)

    assert talk.work() == [Transcribe("a1", b"\x01" * 8000)]
    talk.conversation.heard("a1", "from a file", talk.now)
    assert "response.created" not in types(talk.events())
    assert talk.known() == (Message("user", "from a file"),)


def test_assistant_audio_cannot_be_put_in(talk: Talk) -> None:
    content = [{"type": "output_audio", "audio": "AAAA"}]
    item = {"type": "message", "role": "assistant", "content": content}

    assert error_code(talk.send("conversation.item.create", item=item)) == "invalid_value"


def test_silence_after_the_playback_triggers_the_idle_timeout(talk: Talk) -> None:
    talk.phone(idle_timeout_ms=6000)
    assert talk.conversation.idle_deadline is None, "nothing was said yet"
    response_id = talk.respond()
    talk.speak(response_id, "Hello.", ms=2000)
    assert talk.conversation.idle_deadline is None, "the response is not over"
    talk.conversation.responses.finish(response_id, talk.now)
    talk.audio((_SILENCE, 9000))
    talk.events()
    talk.work()

    assert talk.conversation.idle_deadline == pytest.approx(108.0), "playback, then the timeout"
    talk.conversation.idle(107.9)
    assert talk.events() == []
    talk.conversation.idle(108.01)

    events = talk.events()
    assert types(events) == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
    ]
    assert (events[0]["audio_start_ms"], events[0]["audio_end_ms"]) == (3000, 9000)
    assert [type(step) for step in talk.work()] == [Generate]
    assert talk.known()[-1] == Message("user", ""), "the mind is told of the silence"
    assert talk.conversation.idle_deadline is None


def test_speech_holds_the_idle_timeout_off(talk: Talk) -> None:
    talk.phone(idle_timeout_ms=6000)
    response_id = talk.respond()
    talk.conversation.responses.finish(response_id, talk.now)

    talk.audio((1, 100))

    assert talk.conversation.idle_deadline is None


def test_what_the_last_response_read_is_cached_while_the_prompt_stays(talk: Talk) -> None:
    def usage() -> dict[str, Any]:
        response_id = talk.respond()
        talk.conversation.responses.turn(response_id)
        talk.speak(response_id, "Hello there.")
        talk.conversation.responses.finish(response_id, talk.now)
        found: dict[str, Any] = talk.events()[-1]["response"]["usage"]
        return found

    talk.session(instructions="a" * 400)
    first, second = usage(), usage()
    talk.session(instructions="b" * 400)
    third = usage()

    assert first["input_token_details"]["cached_tokens"] == 0
    assert second["input_token_details"]["cached_tokens"] == first["input_tokens"]
    assert second["input_token_details"]["audio_tokens"] == 20
    assert third["input_token_details"]["cached_tokens"] == 0


def test_an_expired_session_says_so(talk: Talk) -> None:
    talk.conversation.expire(3600)

    events = talk.events()

    assert error_code(events) == "session_expired"
    assert "60 minutes" in events[0]["error"]["message"]


def test_an_oversized_append_is_refused_and_the_buffer_stays_bounded(talk: Talk) -> None:
    talk.phone()
    talk.session(audio={"input": {"turn_detection": None}})
    half = base64.b64encode(bytes(8 * 1024 * 1024)).decode()

    assert talk.send("input_audio_buffer.append", audio=half) == []
    refused = talk.send("input_audio_buffer.append", audio=half)

    assert error_code(refused) == "input_audio_buffer_too_large"
