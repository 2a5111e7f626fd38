"""Reads a request for word-for-word speech out of a response's instructions.

The platform asks for exact words (a greeting, a disclosure) by instructions of the form
``Say this to the caller, word for word, and nothing else: “TEXT”``. A mind that finds such a
request says the text and decides nothing. This must not interpret any other instruction.
"""

from __future__ import annotations

_OPEN = "“"
_CLOSE = "”"


def verbatim(response_instructions: str | None) -> str | None:
    """Return the text between the outermost typographic quotes, or None when there is none.

    The outermost pair counts, so that a text which itself quotes somebody is kept whole.
    """
    if response_instructions is None:
        return None
    start = response_instructions.find(_OPEN)
    end = response_instructions.rfind(_CLOSE)
    if start < 0 or end <= start:
        return None
    return response_instructions[start + 1 : end].strip() or None
