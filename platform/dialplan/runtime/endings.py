"""How calls are to end at the carrier: known here at once, and to the other processes in time."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from dialplan.call.commands import Ending
from dialplan.errors import StoreError
from dialplan.store.installation import Installation

log = logging.getLogger(__name__)

REMEMBERED = 10_000
# The caller hears nothing meanwhile.
DATABASE_S = 1.0


class Endings:
    """Keeps endings in memory and, with an installation, in its database.

    A database that fails or is slow delays a call by a second and loses the ending for the other
    processes only.
    """

    def __init__(self, installation: Installation | None) -> None:
        self._installation = installation
        self._here: OrderedDict[str, Ending] = OrderedDict()

    async def keep(self, call_sid: str, ending: Ending) -> None:
        """Keep an ending; the stream may be closed once this returns."""
        self._here[call_sid] = ending
        if len(self._here) > REMEMBERED:
            self._here.popitem(last=False)
        if self._installation is None:
            return
        try:
            async with asyncio.timeout(DATABASE_S):
                await self._installation.keep_ending(call_sid, ending)
        except (StoreError, TimeoutError) as error:
            _warn("ending kept in this process only", call_sid, error)

    async def of(self, call_sid: str) -> Ending | None:
        """Return how a call is to end, None when no process can tell."""
        here = self._here.get(call_sid)
        if here is not None or self._installation is None:
            return here
        try:
            async with asyncio.timeout(DATABASE_S):
                return await self._installation.ending_of(call_sid)
        except (StoreError, TimeoutError) as error:
            _warn("ending not found out", call_sid, error)
            return None


def _warn(what: str, call_sid: str, error: Exception) -> None:
    why = str(error) or f"no answer within {DATABASE_S} s"
    log.warning(what, extra={"call_sid": call_sid, "reason": why})
