"""Whether what a conversation listens for was said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.emulators.conversations.words import is_said
from dialplan.model.conversation import Phrase, Phrases


def unheard(phrases: Phrases, text: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what did not come true: its place below the key, and what was wanted, in words."""
    if not isinstance(phrases, tuple):
        if wanted := _missing(phrases, text):
            yield (), wanted
        return
    for index, phrase in enumerate(phrases):
        if wanted := _missing(phrase, text):
            yield (index,), wanted


def _missing(phrase: str | Phrase, text: str) -> str:
    """Say what was wanted of a text, empty when it is so."""
    if isinstance(phrase, str):
        return "" if is_said(phrase, text) else f"to hear `{phrase}`"
    if phrase.never is not None:
        banned = (phrase.never,) if isinstance(phrase.never, str) else phrase.never
        said = [one for one in banned if is_said(one, text)]
        return f"not to hear {_either(said)}" if said else ""
    if phrase.matches is not None:
        found = re.search(phrase.matches, text, re.IGNORECASE)
        return "" if found else f"to hear something like `{phrase.matches}`"
    choices = phrase.any or ()
    return "" if any(is_said(one, text) for one in choices) else f"to hear {_either(choices)}"


def _either(choices: tuple[str, ...] | list[str]) -> str:
    return " or ".join(f"`{choice}`" for choice in choices)
