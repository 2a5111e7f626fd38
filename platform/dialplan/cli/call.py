"""`dialplan call`: a phone on the desk that rings a rehearsal of your verticals."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from dialplan.cli.watching import Watcher, keep, ring
from dialplan.config.load import load_conversation
from dialplan.emulators.house import House, open_house, seed
from dialplan.emulators.loopback import listen
from dialplan.emulators.stage import Sound, spoken, written
from dialplan.emulators.twilio.caller import AudioCaller, Line, ScriptedCaller
from dialplan.errors import ConfigError
from dialplan.settings import Settings
from dialplan.store.tenancy import tenant_transaction

CALLER = "+15550107788"
MOST_ROWS = 20


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
@click.option("--port", default=0, help="Port of the rehearsal; any free one by default.")
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

    The real server answers; Twilio, the model and the HTTP services are emulators on this machine.
    The model is the rehearsal model: rules and embeddings, no language model.

    \b
    Examples:
      dialplan call +15550100001 --say "I need to see a doctor." --say "Goodbye."
      dialplan call +15550100001 --script verticals/NAME/conversations/FILE.yaml --seed
    """
    if sum((bool(say), audio is not None, script is not None)) != 1:
        raise click.UsageError("give the caller something to say: --say, --audio or --script")
    lines = [Line(one) for one in say]
    if script is not None:
        lines = _lines(script)
    settings = Settings.from_environ(os.environ)
    console = Console()
    asyncio.run(
        _call(settings, console, number, lines, audio, from_, seeds, show, silent, stay, port)
    )


def _lines(script: Path) -> list[Line]:
    conversation = load_conversation(script.parent, script.name)
    return [Line(turn.caller) for turn in conversation.turns if turn.caller]


async def _call(
    settings: Settings,
    console: Console,
    number: str,
    lines: list[Line],
    audio: Path | None,
    from_: str,
    seeds: bool,
    show: str | None,
    silent: bool,
    stay: bool,
    port: int,
) -> None:
    sound = written() if silent else spoken()
    watcher = Watcher(console)
    console.print("[dim]setting the stage: database, server, emulated Twilio and model[/]")
    async with AsyncExitStack() as stack:
        listener = listen("127.0.0.1", port)
        house = await stack.enter_async_context(
            open_house(settings, os.environ, sound=sound, listener=listener, watch=watcher)
        )
        line = house.service.lines.get(number)
        if line is None:
            known = ", ".join(sorted(house.service.lines)) or "none"
            raise ConfigError(f"nobody answers `{number}`; the tenants file knows {known}")
        if seeds:
            rows = await seed(house, line)
            console.print(f"[dim]{rows} new rows of demo data[/]")
        record = await ring(house, number, from_, await _caller(lines, audio, sound))
        files = keep(record, watcher.lines, settings.data / "calls")
        console.print(f"[dim]audio      {files[0]}\ntranscript {files[1]}[/]")
        for note in record.notifications:
            console.print(f"[red]carrier: {note}[/]")
        if show is not None:
            await _show(house, number, show, console)
        if stay:
            console.print(f"serving the rehearsal on {house.origin} until Ctrl-C")
            await _until_interrupted()


async def _caller(
    lines: list[Line], audio: Path | None, sound: Sound
) -> ScriptedCaller | AudioCaller:
    if audio is not None:
        try:
            return AudioCaller.from_file(audio)
        except (OSError, ValueError, EOFError) as exc:
            raise ConfigError(f"`{audio}` cannot be played: {exc}") from exc
    caller = ScriptedCaller(lines, sound.caller)
    await caller.prepare()
    return caller


async def _show(house: House, number: str, sql: str, console: Console) -> None:
    line = house.service.lines[number]
    async with tenant_transaction(
        house.service.database,
        line.vertical.vertical.name,
        line.tenant,
        timezone=str(line.variables.get("timezone") or "UTC"),
    ) as connection:
        found = await connection.execute(text(sql))
        table = Table(*found.keys())
        for row in found.fetchmany(MOST_ROWS):
            table.add_row(*(str(value) for value in row))
    console.print(table)


async def _until_interrupted() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    await stopped.wait()
