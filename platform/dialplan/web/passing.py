"""The first look at a connection: a media stream that a sibling expects is passed on to it, unread.

All else is uvicorn's. The descriptor goes over with every byte that was read, before anything is
parsed: the sibling sees the connection as if it had come there, and checks its signature there.
"""

from __future__ import annotations

import asyncio
import logging
import re

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from dialplan.web.siblings import SiblingLost, Siblings, copied

log = logging.getLogger(__name__)

PREFIX = b"GET /twilio/media/"
# A worker's name is much shorter; what is longer names none.
MOST_NAME = 32
_LINE = re.compile(rb"GET /twilio/media/([0-9a-f-]{1,%d})[ ?]" % MOST_NAME)


def media_name(data: bytes) -> str | None:
    """Return the worker that a request for a media stream names, the empty text when it names none.

    None: too few bytes to tell.
    """
    if found := _LINE.match(data):
        return found[1].decode("ascii")
    beginning = data[: len(PREFIX)]
    if PREFIX.startswith(beginning) and len(data) < len(PREFIX) + MOST_NAME + 1:
        # Only while what is there may still become such a request.
        rest = data[len(PREFIX) :]
        if re.fullmatch(rb"[0-9a-f-]*", rest):
            return None
    return ""


def passing(siblings: Siblings) -> type[H11Protocol]:
    """Return the protocol of a worker's connections."""

    class Passing(H11Protocol):
        """Holds the first bytes of each request until they tell where it belongs."""

        _held = b""
        _passing = False

        def data_received(self, data: bytes) -> None:
            """Look whose it is at the beginning of a request; go on as always otherwise."""
            if self._passing:
                # The transport was told to pause; what it had read already belongs to the rest.
                self._held += data
                return
            if not self._held and not self._between_requests():
                super().data_received(data)
                return
            self._held += data
            name = media_name(self._held)
            if name is None:
                return
            index = siblings.slot.sibling_of(name)
            if index is None:
                self._go_on()
            else:
                self._begin_passing(index)

        def _between_requests(self) -> bool:
            return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

        def _go_on(self) -> None:
            held, self._held = self._held, b""
            super().data_received(held)

        def _begin_passing(self, index: int) -> None:
            self._passing = True
            self._unset_keepalive_if_required()
            self.transport.pause_reading()
            task = self.loop.create_task(self._pass_on(index), name="pass a stream on")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        async def _pass_on(self, index: int) -> None:
            # A turn of the loop: nothing more is read once the pause holds.
            await asyncio.sleep(0)
            if self.transport.is_closing():
                return
            connection = self.transport.get_extra_info("socket")
            try:
                with copied(connection.fileno()) as copy:
                    await siblings.pass_on(index, copy, self._held)
            except (SiblingLost, OSError) as exc:
                # It stays here: this worker dials anew for it.
                log.warning("stream not passed on", extra={"reason": str(exc)})
                siblings.passed("failed")
                self._passing = False
                if not self.transport.is_closing():
                    self._go_on()
                    self.transport.resume_reading()
                return
            siblings.passed("ok")
            # Closes our copy only: the connection lives on in the sibling.
            self.transport.abort()

    return Passing
