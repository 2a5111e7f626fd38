"""How calls end and where callers go: transfers, voicemail, messages, goodbyes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from dialplan.emulators.openai.mind import CallTool, Decision, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.speech.written import read
from dialplan.emulators.twilio.caller import Line
from dialplan.emulators.twilio.record import DestinationBehaviour
from dialplan.store.facts import CallEnded, ToolRan

NUMBER, HUMAN, BOSS = "+15550100023", "+15550100911", "+15550100912"
CALLER = "+15550107788"
OpenSite = Callable[..., AbstractAsyncContextManager[Any]]
VERTICAL = """\
dialplan: 1
name: endings
title: Endings
voice: {greeting: Hello there.}
variables:
  human: {type: phone, default: "+15550100911"}
  boss: {type: phone, default: "+15550100912"}
when_unavailable: {say: Nobody is here now., then: {dial: human, timeout: 2s, else: voicemail}}
agents:
  clerk: {entry: true, prompt: Be kind., tools: [to_human, bye, text_me, tell_boss]}
tools:
  to_human: {description: Put the caller through., builtin: transfer, to: human}
  bye: {description: End the call., builtin: hang_up}
  text_me:
    description: Text the caller.
    builtin: send_sms
    parameters: {message: {type: string}}
  tell_boss:
    description: Take a message.
    builtin: take_message
    to: boss
    parameters: {message: {type: string}}
"""


def answers(outcome: str = "answer", **more: Any) -> dict[str, DestinationBehaviour]:
    behaviour: Any = {"outcome": outcome, "after_s": 0.2, "talks_s": 1.0, **more}
    return {HUMAN: DestinationBehaviour(**behaviour)}


def steps(*decisions: Decision) -> ScriptedMind:
    return ScriptedMind([decisions])


async def test_a_transfer_is_dialled_once_its_words_were_heard(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = steps(Say("I will put you through now."), CallTool("to_human"))
    folder = write_verticals(VERTICAL, NUMBER)
    destinations = answers(says="Human speaking.")
    async with open_site(folder, mind, numbers=[NUMBER], destinations=destinations) as site:
        record = await site.ring(NUMBER, "A human please.", hangs_up=False)

        heard = read(record.agent_audio)
        assert heard == "Hello there. I will put you through now. Human speaking."
        assert [(leg.number, leg.status) for leg in record.dialled] == [(HUMAN, "completed")]
        assert [one.reason for one in site.of(CallEnded)] == ["transferred"]
        assert record.ended_by == "document"
        assert "<Hangup" in record.documents[-1].text


async def test_a_transfer_that_nobody_takes_ends_in_voicemail_and_a_goodbye(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    folder = write_verticals(VERTICAL, NUMBER)

    async def missed(outcome: str) -> None:
        mind = steps(Say("One moment."), CallTool("to_human"))
        behaviour = answers(outcome)
        async with open_site(folder, mind, numbers=[NUMBER], destinations=behaviour) as site:
            record = await site.ring(
                NUMBER,
                "A human please.",
                Line("Call me back.", patience_ms=1500),
                hangs_up=False,
                limit_s=60,
            )
            assert record.dialled[0].status == outcome
            heard = read(record.agent_audio) or ""
            assert "Please leave a message after the tone." in heard
            assert heard.endswith("Thank you. Goodbye.")
            assert read(record.recordings[0].audio) == "Call me back."

    # To Twilio's `action` a call that rings out differs from these by 25 s and a word.
    await asyncio.gather(missed("busy"), missed("failed"))


async def test_hanging_up_waits_until_the_goodbye_was_heard(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = steps(Say("Thank you for calling, goodbye."), CallTool("bye"))
    async with open_site(write_verticals(VERTICAL, NUMBER), mind, numbers=[NUMBER]) as site:
        record = await site.ring(NUMBER, "That is all.", hangs_up=False)

        assert read(record.agent_audio) == "Hello there. Thank you for calling, goodbye."
        assert record.ended_by == "document"
        assert record.status == "completed"
        assert [one.reason for one in site.of(CallEnded)] == ["agent"]


async def test_texts_go_to_the_caller_and_messages_to_whom_they_are_for(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = ScriptedMind(
        [
            [CallTool("text_me", {"message": "Tuesday at nine."})],
            [CallTool("tell_boss", {"message": "Ünal called: 50 % & more"})],
            [Say("Both are sent.")],
        ]
    )
    async with open_site(write_verticals(VERTICAL, NUMBER), mind, numbers=[NUMBER]) as site:
        record = await site.ring(NUMBER, "Send them.")

        sent = [(one.to, one.from_, one.body) for one in site.carrier.messages]
        assert sent == [
            (CALLER, NUMBER, "Tuesday at nine."),
            (BOSS, NUMBER, "Ünal called: 50 % & more"),
        ]
        assert [one.status for one in site.of(ToolRan)] == ["ok", "ok"]
        assert "Both are sent." in (read(record.agent_audio) or "")
