"""The durable part: workflows on DBOS, which finds them again after whatever ended a worker.

DBOS holds no more than whose turn it is and which deeds are done; what came of them stands in our
own tables. A pause is a workflow that begins later, so that nothing is held meanwhile, and whoever
is there then takes it. The names of workflows, steps and queues are written into rows: a change of
what a workflow does needs a new name beside the old one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetEnqueueOptions,
    SetWorkflowID,
)
from dbos import (
    error as dbos_errors,
)

from dialplan.errors import StoreError
from dialplan.jobs.calm import calm
from dialplan.jobs.deeds import Deeds
from dialplan.store.database import reason

SCHEMA = "dialplan_jobs"
# Theirs would be a hash of the code, and each new version would leave what the old ones began.
VERSION = "1"
READ, SEND = "after_call", "after_call_send"
POLL_S = 1.0
"""How often each queue is looked into: one statement."""
SENDS_PER_READ = 4
"""Sends wait for services, which costs next to nothing."""
CONNECT_S = 5
IDLE_MS = 60_000
FINISH_S = 3
"""How long work that is under way may go on when the process is to end, in seconds."""
STOP_S = 12.0
MOST_LISTED = 1_000
_OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


ReadCall = Callable[[str, int], Coroutine[Any, Any, None]]


class Work:
    """The jobs of this process, and the way to those of all. Made by `open_work`."""

    def __init__(self, read: ReadCall) -> None:
        self._read = read

    async def take(self, call_sid: str) -> None:
        """Make a job for a call; twice is one job."""
        with SetWorkflowID(call_sid):
            await DBOS.enqueue_workflow_async(READ, self._read, call_sid, 1)

    async def abandoned(self, alive: Collection[str]) -> dict[str, list[str]]:
        """Return the jobs under way of processes that are not among those, by queue."""
        found = await DBOS.list_workflows_async(
            status="PENDING", limit=MOST_LISTED, load_input=False, load_output=False
        )
        jobs: dict[str, list[str]] = defaultdict(list)
        for one in found:
            if one.executor_id not in alive:
                jobs[one.queue_name or READ].append(one.workflow_id)
        return jobs

    async def resume(self, queue: str, jobs: Sequence[str]) -> None:
        """Let whoever is there go on with jobs that nobody does any more."""
        await DBOS.resume_workflows_async(list(jobs), queue_name=queue)

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete what DBOS keeps of jobs that ended before then; return how many it was."""
        old = await DBOS.list_workflows_async(
            status=list(_OVER),
            completed_before=before.isoformat(),
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if old:
            await DBOS.delete_workflows_async([one.workflow_id for one in old])
        return len(old)


def _workflows(deeds: Deeds, under_way: set[asyncio.Task[Any]]) -> ReadCall:
    """Tell DBOS of the workflows; return the one that reads a call.

    The tasks that are at a deed are in `under_way`. What a step returns is kept by DBOS: nothing
    of a caller is in it. A workflow depends on its arguments and on what steps return, and on
    nothing else: it may be run again over them.
    """

    @DBOS.step(name="read")
    async def read(call_sid: str, number: int) -> dict[str, Any]:
        with _noted(under_way):
            outcome = await deeds.read(call_sid, number)
        return {"again_s": outcome.again_s, "sends": list(outcome.sends)}

    @DBOS.step(name="send")
    async def send(call_sid: str, request: int, number: int) -> float | None:
        with _noted(under_way):
            return (await deeds.send(call_sid, request, number)).again_s

    @DBOS.workflow(name=READ)
    async def read_call(call_sid: str, number: int) -> None:
        outcome = await read(call_sid, number)
        if outcome["again_s"] is not None:
            later = SetEnqueueOptions(delay_seconds=outcome["again_s"])
            with SetWorkflowID(f"{call_sid}:try:{number + 1}"), later:
                await DBOS.enqueue_workflow_async(READ, read_call, call_sid, number + 1)
        for request in outcome["sends"]:
            with SetWorkflowID(f"{call_sid}:send:{request}"):
                await DBOS.enqueue_workflow_async(SEND, send_request, call_sid, request, 1)

    @DBOS.workflow(name=SEND)
    async def send_request(call_sid: str, request: int, number: int) -> None:
        again_s = await send(call_sid, request, number)
        if again_s is not None:
            later = SetEnqueueOptions(delay_seconds=again_s)
            with SetWorkflowID(f"{call_sid}:send:{request}:try:{number + 1}"), later:
                await DBOS.enqueue_workflow_async(SEND, send_request, call_sid, request, number + 1)

    return read_call


@contextmanager
def _noted(under_way: set[asyncio.Task[Any]]) -> Iterator[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  a step is a coroutine, and runs in one
    under_way.add(task)
    try:
        yield
    finally:
        under_way.discard(task)


@asynccontextmanager
async def open_work(deeds: Deeds, url: sa.URL, *, name: str, at_once: int) -> AsyncIterator[Work]:
    """Do jobs for as long as the block lasts.

    Args:
        deeds: what jobs do.
        url: the database.
        name: of this process; no other that lives has it.
        at_once: how many calls are read at the same time.

    Raises:
        StoreError: the tables of DBOS cannot be made, or the database does not answer.
    """
    # Its own handler would write past ours, and it says of an outage seven times a second.
    logger = logging.getLogger("dbos")
    logger.addHandler(logging.NullHandler())
    logger.addFilter(calm())
    engine = _engine(url)
    config = DBOSConfig(
        name="dialplan",
        system_database_engine=engine,
        system_database_url=url.set(drivername="postgresql").render_as_string(False),
        dbos_system_schema=SCHEMA,
        executor_id=name,
        application_version=VERSION,
        serializer=DBOSPortableJSONSerializer(),
        # Nobody waits for an event: to listen for them would cost a connection.
        use_listen_notify=False,
        log_level="WARNING",
    )
    DBOS(config=config)
    under_way: set[asyncio.Task[Any]] = set()
    try:
        work = Work(_workflows(deeds, under_way))
        try:
            # Here, on the loop's own thread: that is the loop which workflows then run on.
            DBOS.launch()
            for queue, most in ((READ, at_once), (SEND, SENDS_PER_READ * at_once)):
                await DBOS.register_queue_async(
                    queue,
                    worker_concurrency=most,
                    polling_interval_sec=POLL_S,
                    on_conflict="always_update",
                )
        except (sa.exc.SQLAlchemyError, dbos_errors.DBOSException, OSError) as error:
            raise StoreError(f"the jobs cannot begin: {reason(error)}") from error
        yield work
    finally:
        await _stop(under_way)
        engine.dispose()


async def _stop(under_way: set[asyncio.Task[Any]]) -> None:
    # On a thread that is not DBOS's own: the loop must run on, for what finishes in time.
    with ThreadPoolExecutor(1, thread_name_prefix="stop") as pool:
        stopped = asyncio.get_running_loop().run_in_executor(
            pool,
            lambda: DBOS.destroy(
                destroy_registry=True,
                workflow_completion_timeout_sec=FINISH_S if under_way else 0,
            ),
        )
        await asyncio.wait([stopped], timeout=FINISH_S - 1)
        # DBOS still has these under way: the next who comes does them from the beginning.
        for task in under_way:
            task.cancel()
        await asyncio.wait([stopped], timeout=STOP_S)


def _engine(url: sa.URL) -> sa.Engine:
    """Return an engine of psycopg's, which DBOS works with; it needs a session of its own."""
    query = dict(url.query)
    if "ssl" in query:  # as asyncpg has it
        query["sslmode"] = query.pop("ssl")
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg", query=query),
        pool_size=4,
        max_overflow=4,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_S,
            "application_name": "dialplan jobs",
            "options": f"-c idle_in_transaction_session_timeout={IDLE_MS}",
        },
    )
