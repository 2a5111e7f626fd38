"""The whole stage of a rehearsal: model, carrier and services on loopback, ready for a call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from dialplan.config.load import LoadedVertical, load_rehearsal
from dialplan.emulators.openai.language_model import LanguageModelMind
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.openai.text import text_app
from dialplan.emulators.rehearsal.mind import NAME, RehearsalMind
from dialplan.emulators.services import EmulatedService, services_app
from dialplan.emulators.speech.detector import SileroDetector
from dialplan.emulators.speech.ear import MoonshineEar
from dialplan.emulators.speech.extra import require
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice
from dialplan.emulators.speech.voice import PiperVoice
from dialplan.emulators.speech.written import EnergyDetector, WrittenEar, WrittenVoice
from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import DestinationBehaviour, NumberConfig
from dialplan.knowledge.minilm import Embedder
from dialplan.runtime.peers import Peers
from dialplan.web.serving import serving

NOTICE = "This is a rehearsal."
CALLER_PITCH = 1.12


async def _nothing() -> None:
    """Load nothing: written speech and scripted minds have no models."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a rehearsal sounds: who speaks, who listens.

    Attributes:
        load: loads the models now, instead of at their first use.
        real: whether recordings can be heard; written speech hears only itself.
    """

    agent: Voice
    caller: Voice
    ear: Ear
    detector: DetectorFactory
    load: Callable[[], Awaitable[None]] = _nothing
    real: bool = True

    def fit(self, verticals: Iterable[LoadedVertical]) -> Sound:
        """Return the sound that can be heard over these verticals' audio formats."""
        if any(one.vertical.voice.format != "pcmu" for one in verticals):
            return replace(self, agent=_resampled(self.agent), caller=_resampled(self.caller))
        return self


def _resampled(voice: Voice) -> Voice:
    return voice.over_resampling() if isinstance(voice, WrittenVoice) else voice


def spoken() -> Sound:
    """Return real speech: synthesised, telephone quality, recognised again.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    require()
    agent, caller, ear = PiperVoice(), PiperVoice(CALLER_PITCH), MoonshineEar()

    async def load() -> None:
        await asyncio.gather(agent.load(), ear.load())

    return Sound(agent, caller, WrittenEar(ear), SileroDetector, load)


def written(*, ms_per_word: int = 60, agent_ms: Callable[[], int] | None = None) -> Sound:
    """Return speech that carries its own text: exact and fast, for tests of conversations.

    `agent_ms` tells the pace of the agents before each sentence, where it is another one.
    """
    voice = WrittenVoice(ms_per_word=ms_per_word)
    agent = voice if agent_ms is None else WrittenVoice(ms_per_word=agent_ms)
    return Sound(agent, voice, WrittenEar(), EnergyDetector, real=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands on loopback. `load` loads all models now, instead of in the first call."""

    carrier: Carrier
    model: RealtimeServer
    sound: Sound
    peers: Peers
    load: Callable[[], Awaitable[None]]


def _name_of(mind: Mind) -> str | None:
    """Return which model thinks, where that is no matter of what was asked for."""
    match mind:
        case RehearsalMind():
            return NAME
        case LanguageModelMind():
            return mind.model
        case _:
            return None


@asynccontextmanager
async def set_stage(
    verticals: Mapping[str, LoadedVertical],
    numbers: Iterable[str],
    phones: Iterable[str],
    *,
    origin: str,
    sound: Sound,
    mind: Mind | None = None,
    language_model: str | None = None,
    notice: str | None = NOTICE,
) -> AsyncIterator[Stage]:
    """Start every emulator; `origin` is where the server under rehearsal will listen.

    `numbers` are the lines; `phones` are numbers outside, which answer when they are dialled.

    A `mind` thinks instead of the rehearsal model (scripted ones, in tests), and so does the
    OpenAI-compatible server at `language_model`. `notice` is said before every greeting.
    """
    sound = sound.fit(verticals.values())
    token, account = secrets.token_hex(16), f"AC{secrets.token_hex(16)}"
    services = {
        f"{name}.{endpoint}": EmulatedService(
            load_rehearsal(loaded.folder, declared.rehearsal), declared.auth
        )
        for name, loaded in verticals.items()
        for endpoint, declared in loaded.vertical.endpoints.items()
        if declared.rehearsal is not None
    }
    async with AsyncExitStack() as stack:
        services_url = await stack.enter_async_context(serving(services_app(services)))
        if language_model is not None and mind is None:
            mind = await stack.enter_async_context(LanguageModelMind(language_model))
        embedder = Embedder()
        thinks = mind or RehearsalMind(embedder, lambda: datetime.now().astimezone())

        async def load() -> None:
            await sound.load()
            if mind is None:
                await asyncio.to_thread(embedder.load)

        model = await stack.enter_async_context(
            RealtimeServer(mind=thinks, ear=sound.ear, voice=sound.agent, detector=sound.detector)
        )
        text_url = await stack.enter_async_context(
            serving(text_app(thinks, lambda: _name_of(thinks)))
        )
        config = NumberConfig(
            f"{origin}/twilio/voice",
            fallback_url=f"{origin}/twilio/fallback",
            status_callback=f"{origin}/twilio/status",
        )
        carrier = await stack.enter_async_context(
            Carrier(
                account_sid=account,
                auth_token=token,
                voice=sound.agent,
                numbers=dict.fromkeys(numbers, config),
                # Whoever a caller is put through to picks up and talks for a while.
                destinations={phone: DestinationBehaviour() for phone in phones},
            )
        )
        peers = Peers(
            public_url=origin,
            realtime_url=model.url,
            realtime_key=None,
            account=account,
            token=token,
            twilio_url=carrier.rest_url,
            twilio_user=account,
            twilio_password=token,
            services={
                (vertical, endpoint): f"{services_url}/{vertical}.{endpoint}"
                for vertical, endpoint in (name.split(".", 1) for name in services)
            },
            text_url=f"{text_url}/v1",
            text_key="rehearsal",
            notice=notice,
            rehearsal=True,
        )
        yield Stage(carrier, model, sound, peers, load)
