"""`dialplan call`: a phone on the desk that rings a rehearsal of your verticals."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from dialplan.cli.progress import Progress
from dialplan.cli.signals import run_until_signalled
from dialplan.errors import ConfigError, RehearsalError
from dialplan.settings import Settings

if TYPE_CHECKING:
    # What these import takes seconds: a command that is silent for so long looks broken.
    from dialplan.emulators.desk.client import Desk
    from dialplan.emulators.desk.occupancy import Address
    from dialplan.emulators.desk.rehearsal import Rehearsal
    from dialplan.emulators.desk.wire import Order
    from dialplan.runtime.directory import Line
    from dialplan.store.database import Database

CALLER = "+15550107788"
MOST_ROWS = 20
# How long a rehearsal that is starting in another terminal is waited for.
START_S = 120.0
LOOK_S = 0.5
# How long what follows a call is waited for.
READ_S = 8.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    number: str
    order: Order
    seeds: bool
    show: str | None
    silent: bool
    stay: bool
    port: int


@click.command()
@click.argument("number")
@click.option("--say", multiple=True, help="A sentence of the caller's; may be repeated.")
@click.option("--audio", type=click.Path(path_type=Path), help="A WAV file that the caller plays.")
@click.option("--script", type=click.Path(path_type=Path), help="A conversation's caller turns.")
@click.option("--from", "from_", default=CALLER, show_default=True, help="The caller's number.")
@click.option("--seed", "seeds", is_flag=True, help="Load the vertical's demo data first.")
@click.option("--show", help="SQL whose rows are printed after the call, as the line's tenant.")
@click.option("--written", "silent", is_flag=True, help="Without speech: exact, fast, no sound.")
@click.option("--stay", is_flag=True, help="Keep serving the rehearsal until Ctrl-C.")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the rehearsal that is started; any free one by default.",
)
def call(
    number: str,
    say: tuple[str, ...],
    audio: Path | None,
    script: Path | None,
    from_: str,
    seeds: bool,
    show: str | None,
    silent: bool,
    stay: bool,
    port: int,
) -> None:
    """Ring NUMBER in a rehearsal of your verticals and watch the call.

    Rings the rehearsal that runs over the same data folder (`dialplan serve --rehearse` in another
    terminal), or starts one for the time of the call. The real server answers; Twilio, the model
    and the HTTP services are emulators on this machine. The model is the rehearsal model: rules
    and embeddings, no language model.

    \b
    Examples:
      dialplan call +15550100001 --say "I need to see a doctor." --say "Goodbye."
      dialplan call +15550100001 --script verticals/NAME/conversations/FILE.yaml --seed
    """
    if sum((bool(say), audio is not None, script is not None)) != 1:
        raise click.UsageError("give the caller something to say: --say, --audio or --script")
    settings = Settings.from_environ(os.environ)
    console = Console()
    progress = Progress(console)
    progress("looking for a rehearsal")
    try:
        order = _order(number, from_, say, audio, script)
        wish = Wish(number, order, seeds, show, silent, stay, port)
        run_until_signalled(_call(settings, console, progress, wish))
    finally:
        progress.stop()


def _order(
    number: str, from_: str, say: tuple[str, ...], audio: Path | None, script: Path | None
) -> Order:
    from dialplan.emulators.desk.wire import Order
    from dialplan.emulators.twilio.caller import Line as Said

    if not from_.strip():
        raise ConfigError("`--from` is empty: give a number, or `anonymous`")
    if audio is not None:
        from dialplan.emulators.desk.recording import telephone_audio

        return Order.calling(number, from_, audio=telephone_audio(audio))
    if script is not None:
        from dialplan.config.load import load_conversation
        from dialplan.emulators.conversations.deeds import line_of

        conversation = load_conversation(script.parent, script.name)
        return Order(to=number, from_=from_, say=tuple(map(line_of, conversation.turns)))
    return Order(to=number, from_=from_, say=tuple(Said(one) for one in say))


async def _call(settings: Settings, console: Console, progress: Progress, wish: Wish) -> None:
    from dialplan.emulators.desk.client import open_desk

    async with AsyncExitStack() as stack:
        address = await _running(settings, progress)
        own: Rehearsal | None = None
        if address is None:
            own = await stack.enter_async_context(_own(settings, progress, wish))
            address = own.address
        progress.done()
        console.print(f"[dim]ringing the rehearsal on[/] {address.origin}", highlight=False)
        desk = await stack.enter_async_context(open_desk(address))
        if wish.number not in (known := (await desk.lines()).known):
            numbers = ", ".join(sorted(known)) or "none"
            raise ConfigError(f"nobody answers `{wish.number}`; the tenants file knows {numbers}")
        if wish.seeds:
            await _seed(settings, own, wish.number, console)
        call_sid = await _ring(settings, console, desk, wish)
        await _followed(settings, own, wish.number, call_sid, console)
        if wish.show is not None:
            await _show(settings, own, wish.number, wish.show, console)
        if own is not None and wish.stay:
            from dialplan.web.site import console_address

            console.print(f"serving the rehearsal on {address.origin} until Ctrl-C")
            console.print(
                f"console: {console_address(own.service, address.origin)}", soft_wrap=True
            )
            try:
                raise await own.gone
            except asyncio.CancelledError:
                # Ctrl-C is how this is meant to end.
                console.print("stopping")


async def _running(settings: Settings, progress: Progress) -> Address | None:
    """Return the rehearsal that runs over the data folder; one that starts is waited for."""
    from dialplan.emulators.desk.occupancy import find

    until = time.monotonic() + START_S
    told = False
    while True:
        try:
            return find(settings.data)
        except BlockingIOError:
            if time.monotonic() > until:
                raise RehearsalError(
                    f"a rehearsal has been starting for {START_S:g} s: look at its terminal"
                ) from None
        if not told:
            progress("waiting for the rehearsal that is starting in another terminal")
            told = True
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def _own(settings: Settings, progress: Progress, wish: Wish) -> AsyncIterator[Rehearsal]:
    """Start a rehearsal for the time of this call."""
    from dialplan.emulators.desk.rehearsal import open_rehearsal, origin_of
    from dialplan.web.serving import listen

    listener = listen("127.0.0.1", wish.port)
    async with open_rehearsal(
        settings,
        os.environ,
        listener=listener,
        origin=origin_of("127.0.0.1", listener),
        silent=wish.silent,
        progress=progress,
    ) as rehearsal:
        yield rehearsal


async def _ring(settings: Settings, console: Console, desk: Desk, wish: Wish) -> str:
    from dialplan.cli.watching import Watcher, keep
    from dialplan.emulators.desk.wire import CallOver

    watcher = Watcher(console)
    sid = ""
    async with aclosing(desk.ring(wish.order)) as events:
        async for event in events:
            watcher(event)
            if isinstance(event, CallOver):
                sid = event.call_sid
    audio, transcript = keep(sid, await desk.audio(sid), watcher.lines, settings.data / "calls")
    console.print(f"audio      {audio}\ntranscript {transcript}", highlight=False, soft_wrap=True)
    return sid


async def _followed(
    settings: Settings, own: Rehearsal | None, number: str, call_sid: str, console: Console
) -> None:
    """Print what was read out of the call, where its vertical has `after_call`."""
    if settings.jobs == "off":
        return
    from dialplan.store import after_calls

    async with _books(settings, own, number) as (database, line):
        after = line.vertical.vertical.after_call
        if after is None:
            return
        until = time.monotonic() + READ_S
        while (row := await after_calls.find(database, call_sid)) is None or not row.settled:
            if time.monotonic() > until:
                console.print("[dim]not read yet; the console shows it later[/]")
                return
            await asyncio.sleep(LOOK_S)
    if row.fields is None:
        console.print(f"[dim]nothing was read out of it: {row.reason}[/]", highlight=False)
        return
    width = max(map(len, [*row.fields, "sends"]))
    # As their author put them; the database keeps them in an order of its own.
    for name in sorted(row.fields, key=[*after.fields, *row.fields].index):
        value = row.fields[name]
        console.print(f"{name:>{width}}  {json.dumps(value, ensure_ascii=False)}", highlight=False)
    for send in row.sends:
        told = send.status if send.reason is None else f"{send.status}: {send.reason}"
        console.print(f"{'sends':>{width}}  {send.target}  {told}", highlight=False)


@asynccontextmanager
async def _books(
    settings: Settings, own: Rehearsal | None, number: str
) -> AsyncIterator[tuple[Database, Line]]:
    """Yield the database of the rehearsal, and the line: the settings of both terminals agree."""
    if own is not None:
        yield own.service.database, own.service.lines[number]
        return
    from dialplan.emulators.cast import SECRET, load_cast, stand_ins
    from dialplan.runtime.directory import build_lines
    from dialplan.store.opening import open_database

    cast = load_cast(settings)
    lines = build_lines(
        cast.tenants,
        cast.verticals,
        stand_ins(cast.tenants, os.environ),
        account=SECRET,
        token=SECRET,
    )
    if number not in lines:
        raise ConfigError(
            f"`{number}` is a line of the rehearsal, and not of `{settings.tenants_file}`: set the "
            "same `DIALPLAN_VERTICALS` and `DIALPLAN_TENANTS` in both terminals"
        )
    async with open_database(settings) as database:
        yield database, lines[number]


async def _seed(settings: Settings, own: Rehearsal | None, number: str, console: Console) -> None:
    from dialplan.emulators.seeding import seed_line

    async with _books(settings, own, number) as (database, line):
        rows = await seed_line(database, line)
    console.print(f"[dim]{rows} new rows of demo data[/]")


async def _show(
    settings: Settings, own: Rehearsal | None, number: str, sql: str, console: Console
) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from dialplan.store.database import reason
    from dialplan.store.tenancy import tenant_transaction

    async with _books(settings, own, number) as (database, line):
        try:
            async with tenant_transaction(
                database,
                line.vertical.vertical.name,
                line.tenant,
                timezone=str(line.variables.get("timezone") or "UTC"),
            ) as connection:
                found = await connection.execute(text(sql))
                table = Table(*found.keys())
                for row in found.fetchmany(MOST_ROWS):
                    table.add_row(*(str(value) for value in row))
        except SQLAlchemyError as exc:
            raise ConfigError(f"`--show` failed: {reason(exc)}") from exc
    console.print(table)
