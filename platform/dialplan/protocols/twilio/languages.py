"""Which language Twilio's own voices say a text in.

Follows "TwiML Voice: <Say>", the values of `language` that need no `voice` beside them. With any
other value Twilio may refuse the whole verb, and a caller would hear nothing.
"""

from __future__ import annotations

SPOKEN = (
    "ca-ES", "da-DK", "de-DE", "en-US", "en-AU", "en-CA", "en-GB", "en-IN", "es-ES", "es-MX",
    "fi-FI", "fr-FR", "fr-CA", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR",
    "pt-PT", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW",
)  # fmt: skip
"""The first of a language stands for its other regions."""

_ALSO = {"no": "nb", "nn": "nb", "es-US": "es-MX", "es-419": "es-MX", "yue": "zh-HK"}


def said_in(tag: str) -> str | None:
    """Return the `language` of a `<Say>` for a BCP 47 tag; None is the account's own voice."""
    wanted = _ALSO.get(tag, tag)
    language = wanted.partition("-")[0].lower()
    language = _ALSO.get(language, language)
    near = [one for one in SPOKEN if one.partition("-")[0] == language]
    return next((one for one in near if one.lower() == wanted.lower()), next(iter(near), None))
