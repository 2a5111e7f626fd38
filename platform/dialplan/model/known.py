"""What the outside is known to offer: models that speak, and languages that are understood.

New ones appear without a release of ours, so an unknown one is a warning, never an error.
"""

from __future__ import annotations

REALTIME_MODELS = (
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-2",
    "gpt-realtime-1.5",
)
"""Models of the `realtime` engine, by OpenAI's documents."""

ENDING = (
    "gpt-realtime",
    "gpt-realtime-2025-08-28",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
)
"""Models that OpenAI shuts down on `END`."""
END = "2027-01-20"

VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse",
)  # fmt: skip
"""Voices of the `realtime` engine."""

LANGUAGES = frozenset(
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko "
    "lt lv mi mk mr ms ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh".split()
)
"""The 57 languages that transcription is documented for (speech to text, Supported languages)."""

ALSO = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id"}
"""Other tags of the same languages."""


def is_known(tag: str) -> bool:
    """Whether the language of a BCP 47 tag is among those that are understood."""
    language = tag.partition("-")[0].lower()
    return ALSO.get(language, language) in LANGUAGES
