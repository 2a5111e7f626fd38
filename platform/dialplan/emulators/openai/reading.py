"""What a mind is given to read for a response, and what that reading costs.

This decides what a mind may know: the items as they were heard, never the wire form of them.
"""

from __future__ import annotations

import json

from dialplan.emulators.openai import usage
from dialplan.emulators.openai.mind import Turn
from dialplan.emulators.openai.response import Response
from dialplan.emulators.openai.session import SessionConfig, definitions
from dialplan.emulators.openai.usage import Tokens


class Reader:
    """Reads for the responses of one session, and remembers what a cache would hold."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._prompt = ""
        self._read = Tokens()

    def read(self, response: Response, config: SessionConfig) -> Turn:
        """Return the turn for `response`, whose usage is noted on it."""
        plan = response.plan
        context = tuple(response.items) if plan.context is None else plan.context
        prompt = config.instructions + json.dumps(plan.tools)
        response.asked = True
        response.read = usage.of_text(prompt + (plan.instructions or ""))
        response.read += usage.of_items(context)
        if prompt == self._prompt:
            response.cached = Tokens(
                min(self._read.text, response.read.text),
                min(self._read.audio, response.read.audio),
            )
        if plan.context is None:
            self._prompt, self._read = prompt, response.read
        known = (item.known() for item in context)
        return Turn(
            session_id=self._session_id,
            instructions=config.instructions,
            response_instructions=plan.instructions,
            tools=() if plan.tool_choice == "none" else definitions(plan.tools),
            tool_choice=plan.tool_choice,
            items=tuple(item for item in known if item is not None),
            language=config.language,
        )
