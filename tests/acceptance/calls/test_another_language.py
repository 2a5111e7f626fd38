"""What a caller of a Spanish line hears when no agent can answer: Spanish, by a Spanish voice."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.speech.written import read
from dialplan.emulators.twilio.caller import Line
from dialplan.emulators.twilio.record import DestinationBehaviour

NUMBER, BOSS = "+34915550101", "+34915550199"
OpenSite = Callable[..., AbstractAsyncContextManager[Any]]
VERTICAL = """\
dialplan: 1
name: taller
title: Taller
variables: {boss: {type: phone, default: "+34915550199"}}
voice:
  languages: {default: es-ES, accept: [es-ES]}
  greeting: Buenos días.
  sentences:
    leave_message: Deje un mensaje después de la señal.
    message_left: Gracias. Adiós.
    hours: {all_day: abiertos todo el día}
when_unavailable:
  say: "Ahora no podemos atenderle, aunque estamos {{ call.hours_today }}."
  then: voicemail
agents: {mostrador: {entry: true, prompt: Sé amable., tools: [al_jefe]}}
tools: {al_jefe: {description: Pasar al jefe., builtin: transfer, to: boss}}
"""


def said(twiml: str) -> list[tuple[str, str]]:
    return re.findall(r'<Say language="([^"]+)">([^<]+)</Say>', twiml)


async def test_a_transfer_that_nobody_takes_ends_in_spanish_voicemail(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = ScriptedMind([[Say("Le paso."), CallTool("al_jefe")]])
    busy = {BOSS: DestinationBehaviour(outcome="busy", after_s=0.2)}
    folder = write_verticals(VERTICAL, NUMBER)
    async with open_site(folder, mind, numbers=[NUMBER], destinations=busy) as site:
        record = await site.ring(
            NUMBER,
            "Con el jefe, por favor.",
            Line("Llámeme.", patience_ms=1500),
            hangs_up=False,
        )

        heard = read(record.agent_audio)
        documents = [one.text for one in record.documents]

    assert heard == ("Buenos días. Le paso. Deje un mensaje después de la señal. Gracias. Adiós.")
    assert ("es-ES", "Deje un mensaje después de la señal.") in said("".join(documents))
    assert all("<Say>" not in one for one in documents)


async def test_the_way_out_knows_the_call_and_is_said_by_a_spanish_voice(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    folder = write_verticals(VERTICAL, NUMBER)
    async with open_site(folder, ScriptedMind([]), numbers=[NUMBER]) as site:
        invitation = await site.invite(NUMBER)
        fallback = await site.webhook("/twilio/fallback", CallSid="CA1", To=NUMBER)

    away = ("es-ES", "Ahora no podemos atenderle, aunque estamos abiertos todo el día.")
    assert said(invitation.twiml)[0] == away
    assert said(fallback.text)[0] == away
