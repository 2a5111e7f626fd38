"""Conversations held by the code of `dialplan test`, all of a folder in one run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dialplan.emulators.conversations.run import Result, writing
from dialplan.emulators.conversations.suite import find, run_all
from dialplan.settings import Settings

Hold = Callable[..., list[Result]]

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
variables:
  timezone: {type: timezone, default: America/Chicago}
  owner: {type: string, default: Nobody}
  boss_line: {type: phone, default: "+15550100099"}
state: {ticket: integer}
agents:
  desk:
    entry: true
    prompt: Help the caller.
    tools: [find, take, hour, weigh, free, leave, boss, text, ask]
    handoffs: {cellar: The caller wants to go down.}
  cellar: {prompt: Sell wine., tools: [find], handoffs: {desk: All else.}}
tools:
  find:
    description: Find a ticket.
    parameters: {number: integer}
    sql: SELECT id FROM tickets WHERE id = :number
    returns: one
    set: {ticket: "{{ result.id }}"}
  take:
    description: Take a slot.
    parameters: {slot: integer}
    requires: [ticket]
    confirm: Shall I take it?
    sql: UPDATE tickets SET taken = true WHERE id = :slot AND NOT taken RETURNING id
    returns: one
    idempotent: true
  hour:
    description: Tell the hour.
    sql: "SELECT to_char(:call.now, 'YYYY-MM-DD HH24:MI') AS hour, :variables.owner AS owner"
    returns: one
  weigh: {description: Weigh it., sql: "SELECT 1 / 0 AS weight", returns: one}
  free:
    description: Find free days.
    examples: ["What do you have tomorrow?", "Is anything free on a day?"]
    parameters: {day: {type: date, description: The day that suits.}}
    sql: SELECT id, day FROM days WHERE day = :day
    returns: one
  leave: {description: Hang up., builtin: hang_up}
  text: {description: Send a text., parameters: {message: string}, builtin: send_sms}
  ask:
    description: Ask who knows about tickets.
    parameters: {question: string}
    specialist: {prompt: Know about tickets., tools: [find]}
  boss: {description: Put through., builtin: transfer, to: boss_line}
database:
  tables:
    tickets: {columns: {id: serial, taken: {type: boolean, default: false}}}
    days: {columns: {id: serial, day: date}}
conversations: conversations/*.yaml
"""
SEED = "tickets: [{id: 4}, {id: 7}]\ndays: [{id: 1, day: today+1}]\n"


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def hold(data: Path) -> Hold:
    """Runs all conversations under a path."""

    def holding(path: Path, *, at_once: int = 8, fail_fast: bool = False) -> list[Result]:
        settings = Settings.model_validate({"data": data})
        return asyncio.run(
            run_all(find([path]), settings, writing(), at_once=at_once, fail_fast=fail_fast)
        )

    return holding


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Path]:
    """Makes a folder of the shop with some conversations, by name."""

    def made(conversations: Mapping[str, str]) -> Path:
        folder = tmp_path_factory.mktemp("verticals") / "shop"
        (folder / "conversations").mkdir(parents=True)
        (folder / "vertical.yaml").write_text(SHOP)
        (folder / "seed.yaml").write_text(SEED)
        for name, text in conversations.items():
            (folder / "conversations" / f"{name}.yaml").write_text(f"name: {name}\n{text}")
        return folder

    return made
