"""`dialplan analyse`: what the files of today would read out of a call of the past."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from dialplan.cli.finding import find_vertical
from dialplan.cli.signals import run_until_signalled
from dialplan.errors import ConfigError
from dialplan.model.shape import Json
from dialplan.settings import Settings


@click.command()
@click.argument("call_sid")
@click.option("--send", "sends", is_flag=True, help="Keep what was read, and send it.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is printed.",
)
def analyse(call_sid: str, sends: bool, shape: str) -> None:
    """Read CALL_SID by the `after_call` that its vertical's folder has today.

    Prints the fields; keeps and sends nothing without `--send`. With it, what was read before is
    replaced, and every request that applies goes out once, with the same `Idempotency-Key` as
    ever. It needs `OPENAI_API_KEY`.

    \b
    Examples:
      dialplan analyse CA0123456789abcdef0123456789abcdef
      dialplan analyse CA0123456789abcdef0123456789abcdef --format json
      dialplan analyse CA0123456789abcdef0123456789abcdef --send
    """
    settings = Settings.from_environ(os.environ)
    done = Done()
    run_until_signalled(_analyse(settings, call_sid, sends, done))
    _print(done, shape)
    if any(done.sends.values()):
        sys.exit(1)


@dataclass(slots=True)
class Done:
    """What came of it. `sends` says by number why one was not sent, None where it was."""

    skipped: str | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)
    sends: dict[int, str | None] = field(default_factory=dict)


async def _analyse(settings: Settings, call_sid: str, sends: bool, done: Done) -> None:
    from dialplan.jobs.over import skip_reason
    from dialplan.jobs.running import open_deeds
    from dialplan.store import after_calls
    from dialplan.store.opening import open_database
    from dialplan.store.past_calls import read_call

    async with (
        open_database(settings) as database,
        open_deeds(settings, os.environ, database, {}) as deeds,
    ):
        past = await read_call(database, call_sid)
        if past is None:
            raise ConfigError(f"no call `{call_sid}` in this database")
        if past.row.ended_at is None:
            raise ConfigError(f"the call `{call_sid}` is up, or its end is not written down yet")
        state = {} if past.after is None else past.after.state
        known = await deeds.known_under(call_sid, state, find_vertical(past.row.vertical))
        done.skipped = skip_reason(known.after, known.call)
        if done.skipped is not None:
            return
        reading = await deeds.ask(known)
        done.fields = reading.fields
        if sends:
            await after_calls.ensure(database, call_sid)
            for number in await deeds.keep(known, reading, anew=True):
                done.sends[number] = await deeds.send_now(known, done.fields, number)


def _print(done: Done, shape: str) -> None:
    if shape == "json":
        told = {
            "skipped": done.skipped,
            "fields": dict(done.fields),
            "sends": [
                {"number": number, "status": "failed" if why else "sent", "reason": why}
                for number, why in done.sends.items()
            ],
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if done.skipped is not None:
        click.echo(f"nothing is read out of it: {done.skipped}")
    width = max(map(len, done.fields), default=0)
    for name, value in done.fields.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{name:<{width}}  {shown}")
    for number, why in done.sends.items():
        click.echo(f"send {number}: " + (f"not sent: {why}" if why else "sent"))
