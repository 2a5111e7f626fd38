from collections.abc import Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialplan.config.load import load_conversations, load_tenants, load_vertical
from dialplan.config.seeds import load_seed
from dialplan.model.kinds import after_call_prompt

VERTICALS = Path(__file__).parents[3] / "verticals"
FOLDERS = sorted(file.parent for file in VERTICALS.glob("*/vertical.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_vertical_has_no_problem_at_all(folder: Path) -> None:
    loaded = load_vertical(folder)

    assert loaded.warnings == ()
    assert loaded.vertical.name == folder.name
    assert load_conversations(loaded)


WITH_TABLES = [folder for folder in FOLDERS if load_vertical(folder).vertical.database.tables]


@pytest.mark.parametrize("folder", WITH_TABLES, ids=lambda folder: folder.name)
def test_a_shipped_seed_fits_its_tables(folder: Path) -> None:
    database = load_vertical(folder).vertical.database
    assert database.seed is not None

    rows = load_seed(
        folder, database.seed, database, today=date(2026, 3, 2), zone=ZoneInfo("America/Chicago")
    )

    assert set(rows) == set(database.tables)


def test_the_family_clinic_has_its_agents_and_tools() -> None:
    vertical = load_vertical(VERTICALS / "healthcare").vertical

    assert len(vertical.tools) == 14
    assert set(vertical.agents) == {"front_desk", "scheduling", "triage", "billing"}
    assert vertical.tools["lab_result_status"].requires == ("patient_id",)


def test_every_agent_of_the_family_clinic_knows_the_emergency_rule() -> None:
    loaded = load_vertical(VERTICALS / "healthcare")

    assert all("hang up and dial 911" in loaded.prompts[name] for name in loaded.vertical.agents)


def test_the_real_estate_agency_has_its_agents_and_tools() -> None:
    vertical = load_vertical(VERTICALS / "real_estate").vertical

    assert len(vertical.tools) == 10
    assert set(vertical.agents) == {"concierge", "buying", "selling"}
    assert vertical.tools["send_listing"].requires == ("listing_id",)
    assert "message" not in vertical.tools["send_listing"].parameters
    lines = {name for name, one in vertical.variables.items() if one.type == "phone"}
    assert vertical.tools["transfer_to_agent"].destinations == lines


def test_every_agent_of_the_real_estate_agency_knows_the_fair_housing_rule() -> None:
    loaded = load_vertical(VERTICALS / "real_estate")

    rule = "Fair-housing rule, before everything else"
    assert all(rule in loaded.prompts[name] for name in loaded.vertical.agents)
    assert "Who the caller is, or sounds like, never counts" in loaded.prompts[after_call_prompt()]


def test_the_shipped_real_estate_is_enough_to_search_in() -> None:
    folder = VERTICALS / "real_estate"
    database = load_vertical(folder).vertical.database

    rows = load_seed(
        folder, "seed/demo.yaml", database, today=date(2026, 3, 2), zone=ZoneInfo("America/Denver")
    )

    assert len(rows["listings"]) >= 40
    assert len({row["area_id"] for row in rows["listings"]}) >= 5
    assert {row["area_id"] for row in rows["agents"]} == {row["id"] for row in rows["areas"]}
    areas = load_vertical(folder).vertical.tools["search_listings"].parameters["area"].enum
    assert [row["name"] for row in rows["areas"]] == list(areas or ())


def test_the_it_helpdesk_has_its_agents_and_tools() -> None:
    vertical = load_vertical(VERTICALS / "it_helpdesk").vertical

    assert len(vertical.tools) == 11
    assert [name for name, tool in vertical.tools.items() if tool.knowledge] == ["search_articles"]
    assert set(vertical.agents) == {"service_desk", "accounts", "tickets", "articles"}
    assert vertical.agents["articles"].tools == ("search_articles",)
    assert len(list((VERTICALS / "it_helpdesk" / "knowledge").glob("*.md"))) >= 40


def test_only_a_checked_code_opens_what_is_an_employees_own() -> None:
    tools = load_vertical(VERTICALS / "it_helpdesk").vertical.tools

    guarded = {name for name, tool in tools.items() if "verified_id" in tool.requires}

    assert {name for name, tool in tools.items() if "verified_id" in tool.set} == {"verify_user"}
    assert guarded == {
        "unlock_account",
        "reset_password",
        "ticket_status",
        "add_note",
        "check_device",
    }


def test_the_shipped_tenants_route_the_number_of_the_clinic() -> None:
    verticals = [load_vertical(folder).vertical for folder in FOLDERS]

    tenants = load_tenants(VERTICALS / "tenants.yaml", verticals)

    assert tenants.resolve("+15550100001") == ("lakeside", "healthcare")
    assert tenants.resolve("+15550100030") == ("northlight", "real_estate")
    assert tenants.resolve("+15550199999") is None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_vertical_shows_calls_that_need_a_call_back_and_calls_that_do_not(
    folder: Path,
) -> None:
    shown = {
        check.after_call.fields.get("follow_up")
        for one in load_conversations(load_vertical(folder)).values()
        for check in one.conversation.then
        if check.after_call is not None
    }

    assert {True, False} <= shown


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_conversations_of_a_shipped_vertical_use_each_tool_and_reach_each_agent(
    folder: Path,
) -> None:
    loaded = load_vertical(folder)
    expected = [
        turn.expect
        for one in load_conversations(loaded).values()
        for turn in one.conversation.turns
    ]

    used = {one.tool for one in expected if isinstance(one.tool, str)}
    used |= {name for one in expected if isinstance(one.tool, Mapping) for name in one.tool}
    reached = {one.handoff for one in expected}
    targets = {name for agent in loaded.vertical.agents.values() for name in agent.handoffs}

    assert loaded.vertical.tools.keys() - used == set()
    assert targets - reached == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_vertical_holds_twelve_calls_and_among_them_those_that_go_wrong(
    folder: Path,
) -> None:
    held = [one.conversation for one in load_conversations(load_vertical(folder)).values()]
    names = " ".join(one.name.lower() for one in held)
    expected = [turn.expect for one in held for turn in one.turns]

    assert len(held) >= 12
    assert all(word in names for word in ("angry", "spanish"))
    assert any(one.given.failing for one in held)
    assert any(turn.interrupts for one in held for turn in one.turns)
    assert any(one.refused for one in expected)
    assert any(one.confirms for one in expected)
