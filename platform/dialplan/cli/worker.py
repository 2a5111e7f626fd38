"""`dialplan worker`: one of several processes behind one port; started by `serve`, not by hand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import click

from dialplan.cli.leaving import leave_with_the_parent
from dialplan.cli.logs import set_up_logs
from dialplan.cli.reporting import WorkerFailed, WorkerReady, dump
from dialplan.cli.signals import run_until_signalled
from dialplan.cli.starting import import_server, started
from dialplan.errors import DialplanError
from dialplan.runtime.peers import peers_from
from dialplan.runtime.slots import MOST_WORKERS, Slot
from dialplan.settings import Settings


@click.command(hidden=True)
@click.option("--slot", "index", required=True, type=click.IntRange(0, MOST_WORKERS - 1))
@click.option("--count", required=True, type=click.IntRange(1, MOST_WORKERS))
@click.option("--group", required=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--host", required=True)
@click.option("--port", required=True, type=int)
@click.option("--log", required=True, type=click.Choice(["json", "text"]))
def worker(
    index: int, count: int, group: str, folder: Path, host: str, port: int, log: str
) -> None:
    """Answer calls beside other workers until standard input ends."""
    from dialplan.cli.main import user_error

    settings = Settings.from_environ(os.environ)
    set_up_logs(sys.stderr, as_json=log == "json", pii=settings.log_pii, worker=index)
    leave_with_the_parent()
    slot = Slot(folder, group, index, count)
    try:
        with contextlib.suppress(click.Abort):
            run_until_signalled(_answer(settings, slot, host, port, log))
    except (DialplanError, ExceptionGroup) as exc:
        error = user_error(exc)
        if error is None:
            raise
        _report(dump(WorkerFailed(str(error))))
        sys.exit(2)


async def _answer(settings: Settings, slot: Slot, host: str, port: int, log: str) -> None:
    await import_server(settings)
    from dialplan.jobs.child import jobs_beside
    from dialplan.web.answering import answering
    from dialplan.web.serving import listen

    peers = peers_from(settings)
    async with contextlib.AsyncExitStack() as stack:
        # Bound only once all else is there: until then the others get the calls.
        service = await stack.enter_async_context(
            answering(
                settings,
                os.environ,
                peers,
                origins=settings.public_url,
                listener=lambda: listen(host, port, shared=True),
                slot=slot,
            )
        )
        started()
        _report(dump(WorkerReady(sorted(service.lines))))
        if slot.index == 0:
            # One of us keeps it for all.
            await stack.enter_async_context(
                jobs_beside(
                    settings,
                    os.environ,
                    peers,
                    service.database,
                    lambda: service.lines.follows,
                    log_format=log,
                )
            )
        await asyncio.Event().wait()


def _report(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(line)
        sys.stdout.flush()
