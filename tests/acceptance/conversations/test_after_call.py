"""What is made of a call once it is over, held and missed through real calls, in one run each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.conversations.live import open_live
from dialplan.emulators.conversations.run import Manner, Result
from dialplan.emulators.conversations.suite import find, run_all
from dialplan.emulators.openai.mind import Decision, Say, Turn
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.openai.text import text_app
from dialplan.emulators.openai.verbatim import verbatim
from dialplan.emulators.stage import written
from dialplan.settings import Settings
from dialplan.web.serving import serving

Hold = Callable[..., list[Result]]
Results = Mapping[str, Result]

GARAGE = """\
dialplan: 1
name: garage
title: Garage
voice: {greeting: Hello.}
variables: {timezone: {type: timezone, default: America/Chicago}}
secrets: [crm_token]
endpoints:
  crm: {base_url: "https://crm.example.com/api", auth: {bearer: crm_token}, rehearsal: crm.yaml}
agents: {desk: {entry: true, prompt: Help the caller.}}
after_call:
  prompt: "This is a garage in {{ timezone }}."
  skip_when: {shorter_than: 3s}
  fields:
    topic: {enum: [repair, bill, other], description: What the caller called for.}
    follow_up: {type: boolean, description: Whether somebody must call back.}
    summary: string
    at: datetime
  send:
    - {http: {post: "{{ endpoints.crm }}/calls"}}
    - when: "{{ fields.follow_up }}"
      http: {post: "{{ endpoints.crm }}/callbacks", json: {phone: "{{ call.from }}"}}
    - when: "{{ fields.topic == 'bill' }}"
      http: {post: "{{ endpoints.crm }}/bills", json: {said: "{{ transcript }}"}}
conversations: conversations/*.yaml
"""
CRM = """\
routes:
  - {post: /calls, json: {}}
  - {post: /callbacks, when: {phone: "+15550107123"}, json: {}}
  - {post: /bills, status: 503}
"""
TALK = """\
given: {caller: "+15550107123", now: "2026-03-02 09:00"}
turns:
  - caller: My bill is wrong, and somebody must call me back.
    model: [{say: I am sorry to hear that.}]
"""
ANSWERS = """\
after_call: {topic: repair, follow_up: true, summary: The brakes squeak., at: "2026-03-03T09:00"}
"""
CONVERSATIONS = {
    "written": TALK
    + ANSWERS
    + """\
then:
  - after_call:
      fields: {topic: repair, follow_up: true, summary: brakes, at: "2026-03-03T09:00"}
      sent: [1, 2]
      not_sent: 3
      skipped: false
""",
    "read": TALK
    + """\
then: [{after_call: {fields: {topic: bill, follow_up: true, summary: bill}, sent: 2}}]
""",
    "short": """\
turns: [{caller: Oh., hangs_up: true}]
then: [{after_call: {skipped: true, not_sent: true}}]
""",
    "wrong": TALK
    + ANSWERS
    + """\
then:
  - after_call: {fields: {topic: bill, summary: {not: brakes}}, not_sent: [2]}
  - after_call: {sent: 3}
  - after_call: {skipped: true}
""",
    "refused": TALK.replace("7123", "7124")
    + ANSWERS
    + """\
then: [{after_call: {sent: 2}}]
""",
    "busy": TALK
    + "after_call: {topic: bill}\n"
    + """\
then: [{after_call: {sent: [1, 3]}}]
""",
    "impossible": TALK
    + 'after_call: {at: "2026-03-03T09:00:30+01:00"}\n'
    + """\
then: [{after_call: {fields: {at: null}}}]
""",
}


def garage(folder: Path, conversations: Mapping[str, str]) -> Path:
    (folder / "conversations").mkdir(parents=True)
    (folder / "vertical.yaml").write_text(GARAGE)
    (folder / "crm.yaml").write_text(CRM)
    for name, text in conversations.items():
        (folder / "conversations" / f"{name}.yaml").write_text(f"name: {name}\n{text}")
    return folder


@pytest.fixture(scope="module")
def results(hold: Hold, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = garage(tmp_path_factory.mktemp("verticals") / "garage", CONVERSATIONS)
    return {one.told.conversation.name: one for one in hold(folder)}


def missed(result: Result) -> list[tuple[int, str, str]]:
    return [(one.line, one.expected, one.got) for one in result.failures]


@pytest.mark.parametrize("name", ["written", "read", "short"])
def test_what_is_expected_is_made_of_the_call(results: Results, name: str) -> None:
    assert missed(results[name]) == []


def test_what_was_made_otherwise_is_told_where_it_is_expected(results: Results) -> None:
    assert missed(results["wrong"]) == [
        (8, '`topic` to be "bill"', '"repair"'),
        (8, "`summary` not to hold `brakes`", '"The brakes squeak."'),
        (8, "send 2 not to be sent", "it was sent"),
        (9, "send 3 to be sent", "it did not apply: its `when` came to nothing"),
        (10, "nothing to be read out of the call", "it was read"),
    ]


def test_a_service_that_refuses_did_not_get_it(results: Results) -> None:
    ((line, expected, got),) = missed(results["refused"])

    assert (line, expected) == (7, "send 2 to be sent")
    assert got == "POST 127.0.0.1 answered with status 404"


def test_a_service_that_is_busy_did_not_get_it_here_and_now(results: Results) -> None:
    ((_, expected, got),) = missed(results["busy"])

    assert expected == "send 3 to be sent"
    assert "status 503" in got


def test_an_answer_that_no_model_could_give_is_told_where_it_is_written(results: Results) -> None:
    ((line, expected, _),) = missed(results["impossible"])

    assert line == 6
    assert expected.startswith("a value that fits")


class Reader:
    """A live model: says one thing in the call, and reads what it is told to."""

    def __init__(self) -> None:
        self.read: list[Turn] = []

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Answer in the form that is asked for, or speak."""
        if turn.form is not None:
            self.read.append(turn)
            yield Say('{"topic": "other", "follow_up": false, "summary": "Live.", "at": null}')
        else:
            yield Say(verbatim(turn.response_instructions) or "I see.")


def test_a_live_model_reads_instead_of_what_is_written(data: Path, tmp_path: Path) -> None:
    live = (
        TALK + ANSWERS + "then: [{after_call: {fields: {summary: live}, sent: 1, not_sent: 2}}]\n"
    )
    folder = garage(tmp_path / "garage", {"live": live})
    mind = Reader()

    async def held() -> Result:
        sound = written(ms_per_word=30)
        model = RealtimeServer(mind=mind, ear=sound.ear, voice=sound.agent, detector=sound.detector)
        async with model, serving(text_app(mind)) as address:
            environ: dict[str, Any] = {
                "DIALPLAN_DATA": str(data),
                "DIALPLAN_REALTIME_URL": model.url,
                "OPENAI_BASE_URL": f"{address}/v1",
                "OPENAI_API_KEY": "sk-emulated",
            }
            settings = Settings.from_environ(environ)
            async with open_live(settings) as far:
                manner = Manner(lambda _cut: sound, 600, skips=True, hurry_ms=270)
                cases = find([folder])
                return (await run_all(cases, settings, manner, at_once=1, live=far))[0]

    assert missed(asyncio.run(held())) == []
    (turn,) = mind.read
    assert turn.instructions.endswith("This is a garage in America/Chicago.")
