"""The two deeds that follow a call: to read it, and to send one request. One try each.

What comes of a try is written down here, and nowhere else. A deed may be done twice (a worker was
killed in the middle): the second finds what the first has kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dialplan.config.load import LoadedVertical
from dialplan.errors import StoreError, ToolError, TryLater
from dialplan.jobs.lines import PastLines
from dialplan.jobs.over import OverCall, over_call, skip_reason
from dialplan.jobs.pauses import pause_after
from dialplan.jobs.reading import Reader, Reading, names_of
from dialplan.jobs.sending import due, prepare_send, send, target_of
from dialplan.model.after_call import AfterCall
from dialplan.model.shape import Json
from dialplan.runtime.directory import Line
from dialplan.store import after_calls
from dialplan.store.after_calls import AfterCallRow
from dialplan.store.database import Database
from dialplan.store.past_calls import read_call
from dialplan.tools.http import HttpCaller

log = logging.getLogger(__name__)

MOST_TRIES = 200
"""Far more than pauses allow: one that ends the worker each time is tried no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done next: again after so many seconds, or these sends, or nothing."""

    again_s: float | None = None
    sends: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A call that is over, with the line that answered it and its `after_call`."""

    call: OverCall
    line: Line
    after: AfterCall


class Deeds:
    """Does what follows calls; shared by all jobs of a process."""

    def __init__(
        self, database: Database, lines: PastLines, reader: Reader, http: HttpCaller
    ) -> None:
        self._database = database
        self._lines = lines
        self._reader = reader
        self._http = http

    async def read(self, call_sid: str, number: int) -> Outcome:
        """Try to read a call for the `number`th time, from 1. Raises nothing but cancellation."""
        try:
            return await self._read(call_sid)
        except (TryLater, StoreError) as error:
            asked_s = error.after_s if isinstance(error, TryLater) else None
            pause_s = pause_after(number, asked_s)
            why, facts = str(error), {"call_sid": call_sid, "try": number, "again_in_s": pause_s}
            log.warning("call not read yet", extra={**facts, "reason": why})
            await self._settle(call_sid, why, final=pause_s is None)
            return Outcome(again_s=pause_s)
        except ToolError as error:
            log.error("call not read", extra={"call_sid": call_sid, "reason": str(error)})
            await self._settle(call_sid, str(error), final=True)
        except Exception as error:
            log.exception("call not read", extra={"call_sid": call_sid})
            await self._settle(call_sid, _fault(error), final=True)
        return Outcome()

    async def send(self, call_sid: str, number: int, tries: int) -> Outcome:
        """Try a send for the `tries`th time, from 1. Raises nothing but cancellation."""
        facts: dict[str, object] = {"call_sid": call_sid, "send": number, "try": tries}
        try:
            await self._send(call_sid, number)
        except (TryLater, StoreError) as error:
            asked_s = error.after_s if isinstance(error, TryLater) else None
            pause_s = pause_after(tries, asked_s)
            why = str(error)
            log.warning("not sent yet", extra={**facts, "again_in_s": pause_s, "reason": why})
            await self._note_send(call_sid, number, why, final=pause_s is None)
            return Outcome(again_s=pause_s)
        except ToolError as error:
            log.error("not sent", extra={**facts, "reason": str(error)})
            await self._note_send(call_sid, number, str(error), final=True)
        except Exception as error:
            log.exception("not sent", extra=facts)
            await self._note_send(call_sid, number, _fault(error), final=True)
        else:
            log.info("sent", extra=facts)
        return Outcome()

    async def known(self, row: AfterCallRow) -> Known:
        """Return a call that is over with all that is needed to work on it.

        Raises:
            ToolError: its tenant, its version or its record is gone.
            TryLater: a file must be mended first.
            StoreError: the database does not answer.
        """
        call = await self._call(row.call_sid, row.state)
        line = await self._lines.of(row.tenant, row.vertical, row.version, call.called)
        return _known(call, line)

    async def known_under(
        self, call_sid: str, state: Mapping[str, object], loaded: LoadedVertical
    ) -> Known:
        """Return a call that is over as another version would see it; raises as `known`."""
        call = await self._call(call_sid, state)
        return _known(call, await self._lines.under(call.tenant, loaded, call.called))

    async def ask(self, known: Known) -> Reading:
        """Have the model read the fields; raises as `Reader.read`."""
        return await self._reader.read(known.call, known.line.vertical, known.line.variables)

    async def keep(self, known: Known, reading: Reading, *, anew: bool = False) -> list[int]:
        """Keep what was read; return the numbers of the sends that follow. Raises StoreError."""
        fields = reading.fields
        numbers = due(known.after, names_of(known.call, known.line, fields))
        await after_calls.keep_fields(
            self._database,
            known.call.call_sid,
            fields=fields,
            model=reading.model,
            targets={number: _target(number, known, fields) for number in numbers},
            anew=anew,
        )
        return numbers

    async def send_now(self, known: Known, fields: Mapping[str, Json], number: int) -> str | None:
        """Send once, and note how it went; return why it did not, None where it did."""
        call_sid = known.call.call_sid
        try:
            await send(number, known.call, known.line, fields, self._http)
        except (TryLater, ToolError) as error:
            await after_calls.note_send(self._database, call_sid, number, "failed", str(error))
            return str(error)
        await after_calls.note_send(self._database, call_sid, number, "sent")
        return None

    async def _call(self, call_sid: str, state: Mapping[str, object]) -> OverCall:
        past = await read_call(self._database, call_sid)
        known = cast(Mapping[str, Json], state)  # it comes out of a column of JSON
        call = None if past is None else over_call(past.facts, known)
        if call is None:
            raise ToolError("the record of the call is gone, or has no end")
        return call

    async def _read(self, call_sid: str) -> Outcome:
        row = await after_calls.begin_reading(self._database, call_sid)
        if row is None or row.status != "waiting":
            # Done before; what it named may not have been begun.
            sends = () if row is None else row.sends
            return Outcome(sends=[one.number for one in sends if one.status == "waiting"])
        if row.tries > MOST_TRIES:
            raise ToolError(f"given up after {MOST_TRIES} tries: {row.reason or 'none ended'}")
        known = await self.known(row)
        skipped = skip_reason(known.after, known.call)
        if skipped is not None:
            await after_calls.settle(self._database, call_sid, "skipped", skipped)
            return Outcome()
        numbers = await self.keep(known, await self.ask(known))
        log.info("call read", extra={"call_sid": call_sid, "sends": len(numbers)})
        return Outcome(sends=numbers)

    async def _send(self, call_sid: str, number: int) -> None:
        row = await after_calls.find(self._database, call_sid)
        mine = next((one for one in row.sends if one.number == number), None) if row else None
        if row is None or mine is None or mine.status != "waiting":
            return
        known = await self.known(row)
        fields = cast(Mapping[str, Json], row.fields or {})
        await send(number, known.call, known.line, fields, self._http)
        await after_calls.note_send(self._database, call_sid, number, "sent")

    async def _settle(self, call_sid: str, why: str, *, final: bool) -> None:
        try:
            await after_calls.settle(
                self._database, call_sid, "failed" if final else "waiting", why
            )
        except StoreError as error:
            log.warning("not noted", extra={"call_sid": call_sid, "reason": str(error)})

    async def _note_send(self, call_sid: str, number: int, why: str, *, final: bool) -> None:
        try:
            await after_calls.note_send(
                self._database, call_sid, number, "failed" if final else "waiting", why
            )
        except StoreError as error:
            log.warning("not noted", extra={"call_sid": call_sid, "reason": str(error)})


def _known(call: OverCall, line: Line) -> Known:
    after = line.vertical.vertical.after_call
    if after is None:
        vertical = line.vertical
        raise ToolError(
            f"version `{vertical.version}` of `{vertical.vertical.name}` has no `after_call`"
        )
    return Known(call, line, after)


def _target(number: int, known: Known, fields: Mapping[str, Json]) -> str:
    try:
        return target_of(prepare_send(number, known.call, known.line, fields))
    except ToolError:
        # Its own try will say why it cannot be sent.
        return known.after.send[number - 1].http.method


def _fault(error: Exception) -> str:
    return f"a fault of Dialplan's own ({type(error).__name__}): its log says more"
