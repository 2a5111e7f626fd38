"""The rehearsal model behind the emulated Realtime API.

It must not keep a conversation: the items of a turn are all it knows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from dialplan.emulators.openai.mind import (
    AnswerForm,
    CallTool,
    Decision,
    Item,
    Message,
    Say,
    Turn,
)
from dialplan.emulators.openai.verbatim import verbatim
from dialplan.emulators.rehearsal.afterwards import Afterwards
from dialplan.emulators.rehearsal.brief import Brief
from dialplan.emulators.rehearsal.choose import Chooser, Embeds
from dialplan.emulators.rehearsal.policy import next_step
from dialplan.emulators.rehearsal.record import read_record
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.state import Ask, Do, Quiet, Tell, Toolbox
from dialplan.emulators.rehearsal.today import local_now
from dialplan.emulators.rehearsal.toolbox import read_tool

NAME = "the rehearsal model"
"""What it says that it is, where a model's id is expected."""


class RehearsalMind:
    """Understands by embeddings and rules; but for caches, a pure function of turn and hour."""

    def __init__(self, embedder: Embeds, clock: Callable[[], datetime]) -> None:
        """Keep the embedder and the clock.

        Args:
            embedder: compares meanings; its cache is the only memory.
            clock: the local time where no prompt tells another one.
        """
        self._chooser = Chooser(embedder)
        self._clock = clock

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Yield what to say and which tool to call, or the JSON that an answer must be."""
        if turn.form is not None:
            yield Say(await asyncio.to_thread(self.fill_in, turn.form, turn.items))
            return
        exact = verbatim(turn.response_instructions)
        if exact is not None:
            yield Say(exact)
            tools = [read_tool(definition) for definition in turn.tools]
            await asyncio.to_thread(self._chooser.prepare, tools)
            return
        for decision in await asyncio.to_thread(self.decide, turn):
            yield decision

    def fill_in(self, form: AnswerForm, items: Sequence[Item]) -> str:
        """Return the JSON text of an answer in a form, read out of the record of a call."""
        record = read_record(items, self._clock())
        filled = Afterwards(self._chooser).fill_in(form.schema, record)
        return json.dumps(filled, ensure_ascii=False)

    def decide(self, turn: Turn) -> list[Decision]:
        """Return the decisions for `turn`, in order."""
        tools = [read_tool(definition) for definition in turn.tools]
        if turn.tool_choice not in ("auto", "none", "required"):
            tools = [tool for tool in tools if tool.name == turn.tool_choice]
        now = local_now(turn.instructions, self._clock())
        brief = Brief(Toolbox(tuple(tools)), turn.instructions, now, self._chooser)
        match next_step(turn.items, brief):
            case Ask() | Tell() | Quiet() if turn.tool_choice not in ("auto", "none") and tools:
                return [self._forced(turn, brief)]
            case Ask(question=question, lead=lead):
                return [Say(text) for text in (lead, question) if text]
            case Do(tool=tool, arguments=arguments, lead=lead):
                said: list[Decision] = [Say(lead)] if lead else []
                return [*said, CallTool(tool, dict(arguments))]
            case Tell(sentences=sentences):
                return [Say(text) for text in sentences if text]
            case Quiet():
                return []

    def _forced(self, turn: Turn, brief: Brief) -> Decision:
        """Return a call where the session insists on one, with what the caller said for it."""
        said = [m.text for m in turn.items if isinstance(m, Message) and m.role == "user"]
        text = said[-1] if said else ""
        ranked = self._chooser.rank(text, brief.box.tools, brief.now)
        tool = ranked[0].tool if ranked else brief.box.tools[0]
        return CallTool(tool.name, dict(fill(tool.parameters, text, brief.now)))
