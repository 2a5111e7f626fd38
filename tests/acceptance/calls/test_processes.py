"""A whole call that no process serves alone: webhooks reach one, its media the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dialplan.config.load import load_all
from dialplan.emulators.openai.mind import CallTool
from dialplan.emulators.openai.mind import Say as Speak
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.stage import Stage, set_stage, written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.runtime.service import Service, open_service
from dialplan.settings import Settings
from dialplan.store.facts import CallBegan, CallEnded, Fact
from dialplan.store.opening import open_database
from dialplan.web.app import build_app
from dialplan.web.door import MediaDoor
from dialplan.web.serving import listen, serving

NUMBER, HUMAN = "+15550100077", "+15550100078"
VERTICAL = f"""\
dialplan: 1
name: kiosk
title: Kiosk
variables: {{human: {{type: phone, default: "{HUMAN}"}}}}
voice: {{greeting: "Hello there."}}
when_unavailable: {{say: "Sorry about that."}}
agents:
  clerk: {{entry: true, prompt: Be kind., tools: [to_human]}}
tools:
  to_human: {{description: Put the caller through., builtin: transfer, to: human}}
"""


@dataclass
class Pair:
    """Two processes behind one address."""

    webhooks: Service
    media: Service
    stage: Stage
    facts: dict[str, list[Fact]] = field(default_factory=dict)


@asynccontextmanager
async def pair(folder: Path, data: Path, mind: ScriptedMind) -> AsyncIterator[Pair]:
    (folder / "kiosk").mkdir()
    (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL)
    (folder / "tenants.yaml").write_text(f'tenants:\n  one:\n    lines: {{"{NUMBER}": kiosk}}\n')
    listener = listen("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            set_stage(
                load_all(folder), [NUMBER], [HUMAN], origin=origin, sound=written(), mind=mind
            )
        )
        own = Settings.model_validate({"data": data, "verticals": folder})
        database = await stack.enter_async_context(open_database(own))
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        settings = Settings.model_validate({"verticals": folder, "database_url": url})
        facts: dict[str, list[Fact]] = {"webhooks": [], "media": []}
        services = [
            await stack.enter_async_context(
                open_service(settings, {}, stage.peers, watch=facts[name].append)
            )
            for name in ("webhooks", "media")
        ]
        webhooks, media = services
        app = build_app(webhooks.switchboard, [origin], ping=webhooks.database.ping)
        door = MediaDoor(media.switchboard, [origin])
        await stack.enter_async_context(serving(app, listener, door=door))
        yield Pair(webhooks, media, stage, facts)


async def test_a_call_whose_media_reach_another_process_is_talked_and_put_through(
    tmp_path: Path, data: Path
) -> None:
    mind = ScriptedMind([[Speak("I will put you through."), CallTool("to_human", {})]])
    async with pair(tmp_path, data, mind) as two:
        caller = ScriptedCaller(
            [Line("A human please.")], two.stage.sound.caller, patience_ms=600, hangs_up=False
        )
        await caller.prepare()
        record = await two.stage.carrier.place(
            to=NUMBER, from_="+15550107788", caller=caller, limit_s=40
        )

        (began,) = [fact for fact in two.facts["media"] if isinstance(fact, CallBegan)]
        (ended,) = [fact for fact in two.facts["media"] if isinstance(fact, CallEnded)]
        assert (began.caller, began.called) == ("+15550107788", NUMBER)
        assert ended.reason == "transferred"
        assert two.facts["webhooks"] == []
        assert [leg.number for leg in record.dialled] == [HUMAN]
        # Twilio notes that we closed the stream, as it does in every transfer.
        assert [str(one.code) for one in record.notifications] == ["31921"]
