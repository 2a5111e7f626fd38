"""The way in to local speech: each part, or a clear error when the extra is not installed.

Only this module and `written` may be imported where the `rehearsal` extra may be missing.
"""

from __future__ import annotations

from dialplan.emulators.speech import extra
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice


def local_voice(*, pitch: float = 1.0) -> Voice:
    """Return a Piper voice; 1.12 tells a caller from the agent.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    extra.require()
    from dialplan.emulators.speech.voice import PiperVoice

    return PiperVoice(pitch)


def local_ear() -> Ear:
    """Return a Moonshine ear.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    extra.require()
    from dialplan.emulators.speech.ear import MoonshineEar

    return MoonshineEar()


def local_detectors() -> DetectorFactory:
    """Return a maker of Silero detectors.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    extra.require()
    from dialplan.emulators.speech.detector import SileroDetector

    return SileroDetector
