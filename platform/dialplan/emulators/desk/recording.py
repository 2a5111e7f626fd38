"""A recording that a caller plays: any WAV of samples, made into telephone audio."""

from __future__ import annotations

import wave
from pathlib import Path

from dialplan.errors import ConfigError
from dialplan.protocols.audio import encode

LONGEST_S = 600
_WANTED = "give a WAV of 8, 16, 24 or 32 bit samples, or raw mu-law at 8000 Hz in another file"


def telephone_audio(path: Path) -> bytes:
    """Return a recording as mu-law: a `.wav` of any rate and channels, or raw mu-law.

    Raises:
        ConfigError: it cannot be read, or is no sound that a phone could carry.
    """
    try:
        if path.suffix.lower() != ".wav":
            audio = path.read_bytes()
        else:
            audio = _wav(path)
    except OSError as exc:
        raise ConfigError(f"`{path}` cannot be read: {exc.strerror}") from exc
    except (wave.Error, EOFError, ValueError) as exc:
        raise ConfigError(
            f"`{path}` cannot be played: {exc or 'it is cut off'}; {_WANTED}"
        ) from exc
    if not audio:
        raise ConfigError(f"`{path}` cannot be played: it is empty; {_WANTED}")
    if len(audio) > LONGEST_S * 8000:
        raise ConfigError(f"`{path}` is longer than {LONGEST_S // 60} minutes: cut it")
    return audio


def _wav(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        width, rate, channels = file.getsampwidth(), file.getframerate(), file.getnchannels()
        if not rate or file.getnframes() / rate > LONGEST_S:
            raise ValueError(f"it says to be longer than {LONGEST_S // 60} minutes")
        data = file.readframes(file.getnframes())
    if (width, rate, channels) == (2, 8000, 1):
        return encode(data[: len(data) // 2 * 2])
    from dialplan.emulators.speech.extra import require

    require()
    import numpy as np

    from dialplan.emulators.speech import mulaw

    whole = len(data) // (width * channels) * width * channels
    raw = np.frombuffer(data[:whole], dtype=np.uint8).reshape(-1, width)
    if width == 1:
        samples = (raw[:, 0].astype(np.float32) - 128) / 128
    else:
        # Little-endian of any width: its two highest bytes are all that a phone can carry.
        samples = raw[:, -2:].copy().view("<i2")[:, 0].astype(np.float32) / 32768
    mono = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mulaw.from_samples(mulaw.resample(mono, rate, mulaw.RATE))
