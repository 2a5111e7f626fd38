"""The responses of one session that are in progress, from their creation to their end.

Like the conversation that owns it, this does no I/O and has no clock. It decides when a response
may begin and who ends it; what a response says comes from whoever generates it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dialplan.emulators.openai import events
from dialplan.emulators.openai.audio import BYTES_PER_MS
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.events import Event
from dialplan.emulators.openai.items import ItemList
from dialplan.emulators.openai.mind import Turn
from dialplan.emulators.openai.planning import plan_response
from dialplan.emulators.openai.rate_limits import RateLimits
from dialplan.emulators.openai.reading import Reader
from dialplan.emulators.openai.response import (
    Cancelled,
    Completed,
    CutReason,
    Failed,
    Plan,
    Response,
)
from dialplan.emulators.openai.session import SessionConfig
from dialplan.emulators.openai.work import Abandon, Generate, Work

_PARALLEL_RESPONSES: Final = 16


class Responses:
    """Those in progress, by id.

    Attributes:
        has_spoken: whether the session ever sent audio, after which its voice stays.
        playing_until: when the audio sent so far will have been played, in seconds.
        quiet_since: when the last response in the conversation ended, None before the first.
    """

    def __init__(
        self,
        reader: Reader,
        config: SessionConfig,
        conversation_id: str,
        items: ItemList,
        *,
        emit: Callable[[Event], None],
        want: Callable[[Work], None],
        new_id: Callable[[str], str],
    ) -> None:
        self._reader = reader
        self._config = config
        self._conversation_id = conversation_id
        self._items = items
        self._emit = emit
        self._want = want
        self._new_id = new_id
        self._limits = RateLimits()
        self._responses: dict[str, Response] = {}
        self.has_spoken = False
        self.playing_until = 0.0
        self.quiet_since: float | None = None

    @property
    def active(self) -> Response | None:
        """The one response that writes to the default conversation."""
        return next((r for r in self._responses.values() if r.in_conversation), None)

    def create(self, raw: Mapping[str, Any], now: float) -> None:
        """Begin a response as a client describes it; `{}` takes all from the session.

        Raises:
            ClientEventError: it cannot be begun, or not now.
        """
        self._start(self._plan(raw), now)

    def _plan(self, raw: Mapping[str, Any]) -> Plan:
        return plan_response(
            raw,
            self._config,
            conversation_id=self._conversation_id,
            has_spoken=self.has_spoken,
            find=self._items.find,
            new_id=self._new_id,
        )

    def _start(self, plan: Plan, now: float) -> None:
        active = self.active
        if plan.conversation_id is not None and active is not None:
            raise ClientEventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {active.id}. "
                "Wait until the response is finished before creating a new one.",
            )
        if len(self._responses) >= _PARALLEL_RESPONSES:
            raise ClientEventError(
                "too_many_responses",
                f"At most {_PARALLEL_RESPONSES} responses can be in progress.",
            )
        response = Response(self._new_id("resp"), plan, self._items, self._emit, self._new_id)
        self._responses[response.id] = response
        response.open()
        self._emit(events.rate_limits_updated(self._limits.wire(now)))
        self._want(Generate(response.id))

    def cancel(self, response_id: str | None, now: float) -> None:
        """End a response, the active one when none is named.

        Raises:
            ClientEventError: it is not in progress.
        """
        found = self._responses.get(response_id) if response_id else self.active
        if found is None:
            raise ClientEventError(
                "response_cancel_not_active", "Cancellation failed: no active response found"
            )
        self._end(found, "client_cancelled", now)

    def interrupt(self, now: float) -> bool:
        """End the active response because the caller speaks; False when there is none."""
        active = self.active
        if active is not None:
            self._end(active, "turn_detected", now)
        return active is not None

    def _end(self, response: Response, reason: CutReason, now: float) -> None:
        response.close(Cancelled(reason))
        self._want(Abandon(response.id))
        self._settle(response, now)

    def _settle(self, response: Response, now: float) -> None:
        """Forget a response that has closed."""
        if response.closed and self._responses.pop(response.id, None) is not None:
            self._limits.spend(response.read.total + response.written.total, now)
            if response.in_conversation:
                self.quiet_since = now

    def answer(self, now: float) -> None:
        """Respond to a spoken turn, unless a response that will read it is waiting already."""
        active = self.active
        if active is None or active.asked:
            try:
                self._start(self._plan({}), now)
            except ClientEventError as refused:
                self._emit(events.error(refused.code, refused.message, refused.param, None))

    def turn(self, response_id: str) -> Turn | None:
        """Return what the mind may know for this response; None when it is over."""
        response = self._responses.get(response_id)
        return None if response is None else self._reader.read(response, self._config)

    def speaks(self, response_id: str) -> bool:
        """Whether this response is in progress and wants audio."""
        response = self._responses.get(response_id)
        return response is not None and response.plan.speaks

    def say(self, response_id: str, text: str, length: int, now: float) -> bool:
        """Announce a sentence of `length` mu-law bytes; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.say(text, length)
            self._settle(response, now)
        return response_id in self._responses

    def speak(self, response_id: str, chunk: bytes, now: float) -> bool:
        """Send mu-law audio of the last sentence; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.speak(chunk)
            self.has_spoken = True
            if response.in_conversation:
                lasts = len(chunk) / BYTES_PER_MS / 1000
                self.playing_until = max(self.playing_until, now) + lasts
            self._settle(response, now)
        return response_id in self._responses

    def call(self, response_id: str, name: str, arguments: str, now: float) -> bool:
        """Make a function call; False when the response is over."""
        response = self._responses.get(response_id)
        if response is not None:
            response.call(name, arguments)
            self._settle(response, now)
        return response_id in self._responses

    def finish(self, response_id: str, now: float) -> None:
        """The mind has nothing to add."""
        response = self._responses.get(response_id)
        if response is not None:
            response.close(Completed())
            self._settle(response, now)

    def fail(self, response_id: str, now: float, *, code: str | None = None) -> None:
        """The response cannot go on."""
        response = self._responses.get(response_id)
        if response is not None:
            message = "The server had an error while processing your request."
            response.close(Failed(code, message))
            self._settle(response, now)
