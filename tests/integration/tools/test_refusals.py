"""What the model is told when the data refuses, and who gets the slot that two want at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from tests.integration.callers import Desk, new_call

from dialplan.model.vertical import Vertical
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import create_tables
from dialplan.tools.http import HttpCaller

TOOLS = ["book", "book_once", "hire", "let_go", "by_token", "on_day", "divide", "owed"]
TAKEN = "That time has just been taken. Offer another."
VERTICAL = Vertical.model_validate(
    {
        "dialplan": 1,
        "name": "refusing_salon",
        "title": "Salon",
        "voice": {"greeting": "Hello"},
        "state": {"due": "number"},
        "agents": {"desk": {"entry": True, "prompt": "p.md", "tools": TOOLS}},
        "tools": {
            "book": {
                "description": "Book",
                "parameters": {
                    "stylist": "integer",
                    "start": "datetime",
                    "end": "datetime",
                    "price": {"type": "number", "default": 45.5},
                    "status": {"type": "string", "default": "booked"},
                },
                "sql": "INSERT INTO visits (stylist_id, starts_at, ends_at, price, status)"
                " VALUES (:stylist, :start, :end, :price, :status) RETURNING id, price",
                "returns": "one",
                "set": {"due": "{{ result.price }}"},
            },
            "book_once": {
                "description": "Book once",
                "parameters": {"stylist": "integer", "start": "datetime", "end": "datetime"},
                "sql": "INSERT INTO visits (stylist_id, starts_at, ends_at)"
                " VALUES (:stylist, :start, :end) RETURNING id",
                "returns": "one",
                "idempotent": True,
            },
            "hire": {
                "description": "Hire",
                "parameters": {
                    "name": {"type": "string", "optional": True},
                    "phone": {"type": "phone", "optional": True},
                    "chairs": {"type": "integer", "default": 1},
                },
                "sql": "INSERT INTO stylists (name, phone, chairs)"
                " VALUES (:name, :phone, :chairs) RETURNING id",
                "returns": "one",
            },
            "let_go": {"description": "Let go", "sql": "DELETE FROM stylists"},
            "by_token": {
                "description": "Token",
                "parameters": {"token": "string"},
                "sql": "SELECT name FROM stylists WHERE token = CAST(:token AS uuid)",
            },
            "on_day": {
                "description": "Day",
                "parameters": {"day": "string"},
                "sql": "SELECT id FROM visits WHERE starts_at > CAST(:day AS timestamptz)",
            },
            "divide": {"description": "Broken", "sql": "SELECT 1 / chairs - 1 / 0 FROM stylists"},
            "owed": {
                "description": "Owed",
                "sql": "SELECT sum(price) AS total, min(v.price) * 2 AS twice, count(*) AS visits,"
                " max(rate) AS rate, price::numeric AS bare, sum(price) - 1 AS less"
                " FROM visits v GROUP BY price",
                "returns": "one",
            },
        },
        "database": {
            "tables": {
                "stylists": {
                    "columns": {
                        "id": "serial",
                        "name": {"type": "text", "check": {"max_length": 5}},
                        "phone": {"type": "phone", "unique": True, "optional": True},
                        "chairs": {
                            "type": "integer",
                            "check": {"minimum": 1, "maximum": 3, "says": "Up to three chairs."},
                        },
                        "token": "uuid",
                    },
                },
                "visits": {
                    "columns": {
                        "id": "serial",
                        "stylist_id": {"references": "stylists"},
                        "starts_at": "timestamptz",
                        "ends_at": "timestamptz",
                        "price": {"type": "money", "currency": "EUR", "default": 10},
                        "rate": {"type": "decimal", "default": {"sql": "0.1"}},
                        "status": {"enum": ["booked", "cancelled"], "default": "booked"},
                    },
                    "check": [
                        {"sql": "ends_at - starts_at < interval '4 hours'", "says": "Too long."}
                    ],
                    "no_overlap": [
                        {
                            "columns": ["starts_at", "ends_at"],
                            "per": ["stylist_id"],
                            "where": "status <> 'cancelled'",
                        }
                    ],
                },
            }
        },
    }
)


@dataclass
class Salon:
    """The data of one tenant, and as many callers as a test wants."""

    database: Database
    tenant: str
    http: HttpCaller

    def caller(self, sid: str = "CA1") -> Desk:
        call = new_call(VERTICAL.name, self.tenant, f"{sid}-{self.tenant}")
        return Desk(VERTICAL, self.database, self.http, call)

    async def count(self, table: str) -> int:
        async with tenant_transaction(self.database, VERTICAL.name, self.tenant) as session:
            found = await session.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - ours
            return int(found.scalar_one())


@pytest.fixture
async def salon(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Salon]:
    await create_tables(database, VERTICAL.name, VERTICAL.database.tables)
    http = HttpCaller()
    yield Salon(database, request.node.name[-60:], http)
    await http.close()


def at(clock: str) -> str:
    return f"2026-03-02T{clock}:00Z"


async def hired(desk: Desk, **about: object) -> int:
    result = (await desk.run("hire", name="Ann", **about))["result"]
    assert isinstance(result, dict)
    return int(result["id"])


async def test_a_time_that_is_taken_is_told_in_a_sentence_and_nothing_is_written(
    salon: Salon,
) -> None:
    desk = salon.caller()
    ann = await hired(desk)
    first = await desk.run("book", stylist=ann, start=at("09:00"), end=at("10:00"))
    assert first["status"] == "ok"

    said = await desk.refused("book", stylist=ann, start=at("09:30"), end=at("10:30"))

    assert said == TAKEN
    assert await salon.count("visits") == 1
    next_one = await desk.run("book", stylist=ann, start=at("10:00"), end=at("10:30"))
    assert next_one["status"] == "ok"


async def test_each_rule_that_is_broken_has_words_of_its_own(salon: Salon) -> None:
    desk = salon.caller()
    ann = await hired(desk, phone="+15550101111")
    hour = {"stylist": ann, "start": at("09:00"), "end": at("10:00")}

    assert await desk.refused("book", **{**hour, "end": at("14:00")}) == "Too long."
    assert await desk.refused("book", **{**hour, "end": at("08:00")}) == "It ends before it starts."
    assert await desk.refused("book", **hour, status="gone") == (
        "The status must be booked or cancelled."
    )
    assert await desk.refused("book", **{**hour, "stylist": 10**9}) == (
        "There is no such entry in stylists. Look it up first."
    )
    assert await desk.refused("book", **hour, price=1e15) == "A number is too large."
    assert await desk.refused("book", **{**hour, "stylist": 10**30}) == (
        "A value does not have the form that is needed."
    )
    assert await desk.refused("hire", name="Ann", phone="+15550101111") == (
        "Another entry in stylists has the same phone."
    )
    assert await desk.refused("hire") == "A value for name is needed."
    assert await desk.refused("hire", name="Annabella") == (
        "The name must be at most 5 characters long."
    )
    assert await desk.refused("hire", name="Ann", chairs=7) == "Up to three chairs."
    assert await desk.refused("by_token", token="no token") == (
        "A value does not have the form that is needed."
    )
    assert await desk.refused("on_day", day="soonish") == "A date or a time cannot be read."
    await desk.run("book", **hour)
    assert await desk.refused("let_go") == (
        "It cannot be removed or renumbered: visits still needs it."
    )


async def test_what_is_broken_in_the_sql_is_a_failure_and_no_refusal(salon: Salon) -> None:
    desk = salon.caller()
    await hired(desk)

    assert (await desk.run("divide"))["status"] == "failed"


async def test_amounts_come_with_their_currency_and_fill_numbers(salon: Salon) -> None:
    desk = salon.caller()
    ann = await hired(desk)

    booked = await desk.run("book", stylist=ann, start=at("09:00"), end=at("10:00"))
    owed = (await desk.run("owed"))["result"]

    assert isinstance(booked["result"], dict)
    assert booked["result"]["price"] == "45.50 EUR"
    assert desk.call.state["due"] == 45.5
    assert owed == {
        "total": "45.50 EUR",
        "twice": "91.00 EUR",
        "visits": 1,
        "rate": 0.1,
        "bare": 45.5,
        "less": "44.50 EUR",
    }


@pytest.mark.parametrize("tool", ["book", "book_once"])
async def test_of_two_callers_who_book_at_the_same_instant_one_gets_it_and_the_other_is_told(
    salon: Salon, tool: str
) -> None:
    ann = await hired(salon.caller())

    for hour in range(8, 18):
        callers = [salon.caller(f"CA{hour}-{number}") for number in range(2)]
        together = asyncio.Barrier(2)

        async def book(
            desk: Desk, number: int, hour: int = hour, together: asyncio.Barrier = together
        ) -> dict[str, object]:
            await together.wait()
            start, end = at(f"{hour:02}:{number:02}"), at(f"{hour:02}:40")
            return await desk.run(tool, stylist=ann, start=start, end=end)

        answers = await asyncio.gather(*(book(desk, n) for n, desk in enumerate(callers)))

        statuses = sorted(str(one["status"]) for one in answers)
        assert statuses == ["ok", "refused"]
        assert [one["message"] for one in answers if one["status"] == "refused"] == [TAKEN]
    assert await salon.count("visits") == 10


async def test_who_comes_second_waits_for_the_first_and_is_told(salon: Salon) -> None:
    ann = await hired(salon.caller())
    desk = salon.caller()
    slot = {"stylist": ann, "start": at("09:00"), "end": at("09:30")}
    async with tenant_transaction(salon.database, VERTICAL.name, salon.tenant) as first:
        await first.execute(
            text(
                "INSERT INTO visits (stylist_id, starts_at, ends_at)"
                " VALUES (:ann, '2026-03-02 09\\:10Z', '2026-03-02 09\\:20Z')"
            ),
            {"ann": ann},
        )
        second = asyncio.create_task(desk.run("book", **slot))
        await asyncio.sleep(0.2)
        assert not second.done()

    assert (await second)["message"] == TAKEN
