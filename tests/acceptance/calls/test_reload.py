"""Files that are saved while the server runs: what the next call meets, and the last one keeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from tests.stillness import watched

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.twilio.caller import Line
from dialplan.store import versions
from dialplan.store.facts import CallBegan

NUMBER = "+15550100088"
SHOP = """\
dialplan: 1
name: NAME
title: Shop
voice: {greeting: "Hello, old shop."}
agents:
  desk: {entry: true, prompt: You answer the phone of a shop. Be brief.}
"""
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


class Shop:
    """A folder with one vertical of its own name, so that no other test shares its releases."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.root = folder
        self.file = folder / name / "vertical.yaml"
        self.file.parent.mkdir()
        self.write(SHOP)
        self.tenants = folder / "tenants.yaml"
        self.save(self.tenants, f'tenants:\n  a:\n    lines: {{"{NUMBER}": {name}}}\n')

    def save(self, file: Path, text: str) -> None:
        """Save at one go: a file half written would be a reload more, which a test counts."""
        draft = self.root.with_name(f"{self.root.name}-draft")
        draft.write_text(text)
        draft.replace(file)

    def write(self, text: str) -> None:
        self.save(self.file, text.replace("NAME", self.name))

    def edit(self, old: str, new: str) -> None:
        written = self.file.read_text()
        assert old in written
        self.save(self.file, written.replace(old, new))


async def until(wanted: Callable[[], bool], limit: float = 30.0) -> float:
    """Wait for something to be so; return how long it took, in seconds."""
    async with watched() as stillness:
        began = time.monotonic()
        while not wanted():
            assert time.monotonic() - began < limit, "it never came to be"
            await asyncio.sleep(0.02)
        ended = time.monotonic()
    return ended - began - stillness.seconds(began, ended)


def greeting(rehearsal: Any) -> str:
    line = rehearsal.house.service.lines[NUMBER]
    return str(line.vertical.vertical.voice.greeting)


async def test_a_saved_change_serves_the_next_call_and_not_the_one_in_progress(
    rehearse: Open, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, "reload_next")
    mind = ScriptedMind([[Say("Yes?")], [Say("Goodbye.")]], per_session=True)
    async with rehearse(tmp_path, mind=mind, seeded=False) as rehearsal:
        running = asyncio.create_task(
            rehearsal.ring(NUMBER, "Hello.", Line("Are you there?", after_ms=3500))
        )
        await until(lambda: bool(rehearsal.of(CallBegan)))
        first = rehearsal.house.service.lines[NUMBER].vertical.version

        shop.edit("old shop", "new shop")
        took = await until(lambda: "new shop" in greeting(rehearsal))
        await running
        await rehearsal.ring(NUMBER, "Hello.")

        assert took < 2
        began = rehearsal.of(CallBegan)
        second = rehearsal.house.service.lines[NUMBER].vertical.version
        assert [fact.version for fact in began] == [first, second]
        assert first != second
        said = [[item.text for item in turn.items if hasattr(item, "text")] for turn in mind.turns]
        assert any("old shop" in " ".join(texts) for texts in said)
        assert "new shop" in " ".join(said[-1])
        async with rehearsal.house.service.database.engine.connect() as connection:
            kept = await versions.history(connection, shop.name)
        assert [one.version for one in kept] == [second, first]


async def test_a_broken_file_is_reported_and_the_last_good_version_stays(
    rehearse: Open, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, "reload_broken")
    async with rehearse(tmp_path, mind=ScriptedMind([]), seeded=False) as rehearsal:
        reloader = rehearsal.house.service.reloader
        good = rehearsal.house.service.lines[NUMBER].vertical.version

        shop.edit("prompt:", "promt:")
        await until(lambda: bool(reloader.problems))

        assert any("promt" in problem and "E203" in problem for problem in reloader.problems)
        async with httpx.AsyncClient(base_url=rehearsal.house.origin) as client:
            ready = (await client.get("/readyz")).json()
            counted = (await client.get("/metrics")).text
        assert (ready["ready"], ready["files"]) == (True, list(reloader.problems))
        assert 'dialplan_reloads_total{outcome="failed"} 1.0' in counted
        assert rehearsal.house.service.lines[NUMBER].vertical.version == good

        shop.edit("promt:", "prompt:")
        await until(lambda: not reloader.problems)
        shop.file.unlink()
        await until(lambda: bool(reloader.problems))
        assert rehearsal.house.service.lines[NUMBER].vertical.version == good


async def test_a_table_that_waits_for_apply_keeps_the_new_version_from_serving(
    rehearse: Open, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, "reload_tables")
    shop.write(SHOP + "database: {tables: {bikes: {columns: {id: serial, brand: text}}}}\n")
    async with rehearse(tmp_path, mind=ScriptedMind([]), seeded=False) as rehearsal:
        reloader = rehearsal.house.service.reloader

        shop.edit("brand: text", "brand: integer")
        await until(lambda: bool(reloader.problems))

        assert "wait for `dialplan apply`: change bikes.brand to BIGINT" in reloader.problems[0]

        shop.edit("brand: integer", "brand: text, gears: {type: integer, default: 3}")
        await until(lambda: not reloader.problems)
        async with rehearsal.house.service.database.engine.connect() as connection:
            await connection.execute(text(f"SELECT gears FROM {shop.name}.bikes"))  # noqa: S608


async def test_a_vertical_that_waits_does_not_keep_the_others_from_serving(
    rehearse: Open, tmp_path: Path
) -> None:
    waits = Shop(tmp_path, "reload_a_waits")
    waits.write(SHOP + "database: {tables: {bikes: {columns: {id: serial, brand: text}}}}\n")
    other = Shop(tmp_path, "reload_b_goes")
    lines = f'"{NUMBER}": {other.name}, "+15550100089": {waits.name}'
    other.save(other.tenants, f"tenants: {{a: {{lines: {{{lines}}}}}}}\n")
    async with rehearse(tmp_path, mind=ScriptedMind([]), seeded=False) as rehearsal:
        service = rehearsal.house.service
        good = service.lines["+15550100089"].vertical.version

        waits.edit("brand: text", "brand: integer")
        await until(lambda: bool(service.reloader.problems))
        other.edit("old shop", "new shop")
        await until(lambda: "new shop" in greeting(rehearsal))

        assert service.lines["+15550100089"].vertical.version == good
        async with service.database.engine.connect() as connection:
            kept = await versions.history(connection, waits.name)
        assert [one.version for one in kept] == [good]
        # Tried again every second, while the change of the tables is awaited, but counted once.
        await asyncio.sleep(2.5)
        async with httpx.AsyncClient(base_url=rehearsal.house.origin) as client:
            counted = (await client.get("/metrics")).text
        assert 'dialplan_reloads_total{outcome="failed"} 2.0' in counted


async def test_a_canary_gets_the_new_version_first_and_a_rollback_brings_the_old_one_back(
    rehearse: Open, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, "reload_trial")
    caller, other = "+15550107788", "+15550107799"
    async with rehearse(tmp_path, mind=ScriptedMind([]), seeded=False) as rehearsal:
        directory = rehearsal.house.service.lines
        database = rehearsal.house.service.database

        def version(number: str) -> str:
            return str(directory.choose(NUMBER, number, "CA1").vertical.version)

        old = version(caller)
        shop.save(
            shop.tenants,
            shop.tenants.read_text() + f'canary: {{{shop.name}: {{numbers: ["{caller}"]}}}}\n',
        )
        shop.edit("old shop", "new shop")
        await until(lambda: version(caller) != old)
        new = version(caller)
        assert version(other) == old

        shop.save(shop.tenants, shop.tenants.read_text().split("canary")[0])
        await until(lambda: version(other) == new)

        async with database.engine.begin() as connection:
            await versions.release(connection, shop.name, old, "rolled_back")
        await until(lambda: version(caller) == old)
        assert version(other) == old

        shop.edit("new shop", "newest shop")
        await until(lambda: version(other) not in (old, new))


async def test_a_vertical_and_a_number_that_are_added_answer_without_a_restart(
    rehearse: Open, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, "reload_first")
    async with rehearse(tmp_path, mind=ScriptedMind([]), seeded=False) as rehearsal:
        directory = rehearsal.house.service.lines

        Shop.__init__(shop, tmp_path, "reload_second")
        shop.save(
            shop.tenants,
            'tenants: {a: {lines: {"+15550100088": reload_first, "+15550100089": reload_second}}}',
        )

        await until(lambda: "+15550100089" in directory)
        assert directory["+15550100089"].vertical.vertical.name == "reload_second"


async def test_many_saves_in_a_row_end_with_the_last_one(rehearse: Open, tmp_path: Path) -> None:
    shop = Shop(tmp_path, "reload_many")
    async with rehearse(tmp_path, mind=ScriptedMind([[CallTool("x")]]), seeded=False) as rehearsal:
        for number in range(30):
            shop.write(SHOP.replace("old shop", f"shop {number}"))
            await asyncio.sleep(0.01)

        reloader = rehearsal.house.service.reloader
        # Lines serve a moment before the problems of the reload before are gone.
        await until(lambda: "shop 29" in greeting(rehearsal) and not reloader.problems)
