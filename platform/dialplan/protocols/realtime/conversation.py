"""Which items the server's conversation holds, and how all that precedes a handoff is taken out.

Methods return the frames to send, in order; this must not send them. An item is taken out once
nothing more will be told of it: the words of the caller's speech are announced after the speech
itself, and might never come for an item that is gone. Source: OpenAI API reference, "Realtime",
`conversation.item.delete`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialplan.protocols.realtime import client, server


@dataclass(slots=True)
class _Item:
    """What is known of an item. `call_id` is that of a tool call, or of the answer to one."""

    call_id: str | None = None
    answer: bool = False
    response_id: str | None = None
    words_due: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The conversation, cut before a handoff.

    Attributes:
        kept_from: ids of the items and calls of the handoff's own response: the oldest of them is
            where the conversation now begins.
        frames: what to send.
    """

    kept_from: frozenset[str] = frozenset()
    frames: tuple[str, ...] = ()


class ConversationItems:
    """The items of one session, oldest first.

    Args:
        transcribes: the server tells the words of the caller's speech.
    """

    def __init__(self, *, transcribes: bool) -> None:
        self._transcribes = transcribes
        self._items: dict[str, _Item] = {}
        self._calls: dict[str, server.FunctionCalled] = {}

    def holds(self, item_id: str) -> bool:
        """Whether the item is there, and stays as long as nobody asks for another cut."""
        item = self._items.get(item_id)
        return item is not None and not item.dropped

    def note(self, event: server.ServerEvent) -> list[str]:
        """Keep track of the conversation; return what may be taken out now."""
        match event:
            case server.MessageAdded(item_id, _, role, text):
                due = self._transcribes and role == "user" and not text
                self._items.setdefault(item_id, _Item(words_due=due))
            case server.CallItemAdded(item_id, call_id, output):
                self._items.setdefault(item_id, _Item(call_id, output))
            case server.MessageDone(response_id, item_id):
                self._belongs(item_id, response_id)
            case server.FunctionCalled(response_id, item_id, _, name):
                self._belongs(item_id, response_id)
                self._calls[name] = event
            case server.CallerTranscript(item_id) | server.TranscriptFailed(item_id):
                if item_id in self._items:
                    self._items[item_id].words_due = False
            case server.ItemDeleted(item_id):
                self._items.pop(item_id, None)
            case _:
                return []
        return self._due()

    def cut(self, handoff: str) -> Cut:
        """Take out what precedes the response that last called the tool of this name.

        That response stays whole: what was said with the handoff, and tools that were called with
        it. So does a tool call that is not answered yet, since the server refuses the answer to a
        call it does not know.
        """
        call = self._calls.get(handoff)
        if call is None:
            return Cut()
        own = {
            item_id: item
            for item_id, item in self._items.items()
            if item.response_id == call.response_id or item.call_id == call.call_id
        }
        before: dict[str, _Item] = {}
        for item_id, item in self._items.items():
            if item_id in own:
                break
            before[item_id] = item
        answered = {item.call_id for item in before.values() if item.answer}
        for item in before.values():
            item.dropped = item.dropped or item.call_id is None or item.call_id in answered
        calls = {item.call_id for item in own.values() if item.call_id is not None}
        return Cut(frozenset({*own, *calls, call.call_id}), tuple(self._due()))

    def reset(self) -> None:
        """Begin anew on a fresh connection, whose items have other ids."""
        self._items.clear()

    def _belongs(self, item_id: str, response_id: str) -> None:
        if item_id in self._items:
            self._items[item_id].response_id = response_id

    def _due(self) -> list[str]:
        due = [key for key, item in self._items.items() if item.dropped and not item.words_due]
        for item_id in due:
            del self._items[item_id]
        return [client.delete(item_id) for item_id in due]
