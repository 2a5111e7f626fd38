"""Which response is open, and which may be asked for now, in one session with the model.

The server runs one response at a time and refuses another `response.create`
(`conversation_already_has_active_response`). Requests therefore queue here. Methods return the
frames to send, in order; this must not send them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.protocols.realtime.client import REQUEST, create_response

ALREADY_ACTIVE = "conversation_already_has_active_response"


@dataclass(frozen=True, slots=True)
class _Request:
    """A response to ask for; without `say` the model finds its own words."""

    event_id: str
    say: str | None = None
    say_id: str | None = None

    def frame(self) -> str:
        return create_response(self.event_id, self.say, self.say_id)


class ResponseState:
    """Responses of one session: the open one, the queue behind it, and the muted ones.

    Answers to tool calls share one response: it is asked for when the last open call of the
    session is answered, so that two tools of one response do not make the model speak twice.

    The model's own words wait for the end of the caller's turn. Where the server answers turns by
    itself, its response takes the place of ours, provided that it began when all our messages
    and tool outputs were in the conversation: the server tells of each, in order with the response.
    Words to say exactly do not wait: when they are due is for the call to decide.

    Args:
        answers_turns: the server begins a response when the caller's turn ends.
    """

    def __init__(self, *, answers_turns: bool = False) -> None:
        self._answers_turns = answers_turns
        self._caller_speaks = False
        self._turn_unanswered = False
        self._unread: set[str] = set()
        self._moot: str | None = None
        self._count = 0
        self._active: str | None = None
        self._asked: _Request | None = None
        self._answering: _Request | None = None
        self._says: deque[_Request] = deque()
        self._wanted = False
        self._open_calls: set[str] = set()
        self._muted: set[str] = set()

    @property
    def active(self) -> str | None:
        """The id of the response under way, None when the model is quiet."""
        return self._active

    def muted(self, response_id: str) -> bool:
        """Whether speech of this response must not reach the caller."""
        return response_id in self._muted

    def request(self) -> list[str]:
        """Ask for a response in the model's own words; one that waits is enough."""
        self._wanted = True
        return self._next()

    def say(self, text: str, say_id: str) -> list[str]:
        """Ask for a response of exactly these words; they go before the model's own."""
        self._says.append(_Request(self._next_id(), text, say_id))
        return self._next()

    def created(self, response_id: str, metadata: Mapping[str, str]) -> None:
        """Note `response.created`. The server also begins responses by itself, after speech.

        Ours come back with the metadata of their request ("Response object", metadata).
        """
        self._active = response_id
        self._answering = None
        if self._asked is not None and metadata.get(REQUEST) == self._asked.event_id:
            self._answering, self._asked = self._asked, None
        elif REQUEST not in metadata:
            self._turn_unanswered = False
            if not self._unread:
                self._wanted = False
                self._moot = None if self._asked is None else self._asked.event_id

    def done(self, response_id: str) -> list[str]:
        """Note `response.done`; return what may be asked for now."""
        self._muted.discard(response_id)
        if self._active == response_id:
            self._active = None
        return self._next()

    def refused(self, event_id: str | None, code: str | None) -> list[str]:
        """Note an `error`. A request that came too early waits; any other refused one is gone.

        Without an event of ours it was the server that met our response when it wanted to answer
        the caller: then that is for us to ask for.
        """
        if event_id is None and code == ALREADY_ACTIVE:
            self._wanted, self._turn_unanswered = True, False
            return self._next()
        asked = self._asked
        if asked is None or asked.event_id != event_id:
            return []
        self._asked = None
        if code == ALREADY_ACTIVE:
            if asked.say is not None or asked.event_id != self._moot:
                self._put_back(asked)
            return []  # the end of the response that is in the way sends it again
        return self._next()

    def mute(self) -> str | None:
        """Mute the open response; return its id when it was not muted before."""
        if self._active is None or self._active in self._muted:
            return None
        self._muted.add(self._active)
        return self._active

    @property
    def caller_speaks(self) -> bool:
        """Whether the caller began to speak and was not heard to stop."""
        return self._caller_speaks

    @property
    def awaits_answer(self) -> bool:
        """Whether the caller's turn is over and the server has not begun to answer it."""
        return self._turn_unanswered

    def caller_began(self) -> None:
        """Note that the caller speaks."""
        self._caller_speaks, self._turn_unanswered = True, False

    def caller_stopped(self) -> list[str]:
        """Note the end of the caller's turn; return what may be asked for now."""
        self._caller_speaks, self._turn_unanswered = False, self._answers_turns
        return self._next()

    def answer_overdue(self) -> list[str]:
        """Wait no longer for the server's answer to a turn: it heard nothing to be answered."""
        self._turn_unanswered = False
        return self._next()

    def told(self, item_id: str) -> list[str]:
        """Ask for a response to a message that we put into the conversation."""
        self._unread.add(item_id)
        return self.request()

    def read(self, key: str) -> None:
        """Note that the conversation holds a message, or the output of a tool call, by its id."""
        self._unread.discard(key)

    def called(self, call_id: str) -> None:
        """Note a tool call of the model."""
        self._open_calls.add(call_id)

    def answered(self, call_id: str, wants_response: bool) -> list[str]:
        """Note that a tool call was answered; ask for a response once all of them are."""
        self._open_calls.discard(call_id)
        self._unread.add(call_id)
        self._wanted = self._wanted or wants_response
        return self._next()

    def reset(self) -> list[str]:
        """Begin anew on a fresh connection; what was asked for and not finished is asked again.

        So is the answer to a turn of the caller's that the server had not begun.
        """
        if self._asked is not None:
            self._put_back(self._asked)
        if self._active is not None and self._active not in self._muted:
            self._put_back(self._answering or _Request(self._next_id()))
        self._active = None
        self._asked = None
        self._wanted = self._wanted or self._turn_unanswered
        self._caller_speaks = self._turn_unanswered = False
        self._unread.clear()  # told anew, ahead of any response
        self._muted.clear()
        return self._next()

    def _put_back(self, request: _Request) -> None:
        if request.say is None:
            self._wanted = True
        else:
            self._says.appendleft(request)

    def _next_id(self) -> str:
        self._count += 1
        return f"create_{self._count}"

    def _next(self) -> list[str]:
        if self._active is not None or self._asked is not None:
            return []
        if self._says:
            self._asked = self._says.popleft()
        elif (
            self._wanted
            and not self._open_calls
            and not self._caller_speaks
            and not self._turn_unanswered
        ):
            self._wanted = False
            self._asked = _Request(self._next_id())
        else:
            return []
        return [self._asked.frame()]
