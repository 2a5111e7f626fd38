import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dialplan.cli.explain import explain
from dialplan.errors import ConfigError

SHOP = """\
dialplan: 1
name: shop
title: Bicycle shop
variables:
  business_name: {type: string, default: Wheels}
  timezone: {type: timezone, default: America/Chicago}
  owner: {type: phone, default: "+15550100911"}
  polite: {type: boolean, default: true}
secrets: [api_key, other_key]
voice:
  model: gpt-realtime-2.1
  greeting: "{{ business_name }} here, {{ call.hours_today }}."
hours: !include parts/hours.yaml
when_unavailable:
  say: "{{ business_name }} cannot talk."
  then: {dial: owner, timeout: 15s, else: voicemail}
endpoints:
  svc: {base_url: "https://svc.example.com", auth: {bearer: api_key}}
agents:
  desk: {entry: true, prompt: Help the caller.}
"""
TENANTS = """\
tenants:
  north:
    lines:
      "+15550100001": shop
    variables: {timezone: America/Denver}
    secrets: {api_key: "env:NORTH_KEY"}
  south:
    lines: {"+15550100002": shop}
    twilio: {account: "env:SOUTH_ACCOUNT", token: "env:SOUTH_TOKEN"}
"""
SECRET = "s3cret-value"
UNSET = (
    "NORTH_KEY OTHER_KEY SOUTH_ACCOUNT SOUTH_TOKEN OPENAI_API_KEY TWILIO_ACCOUNT_SID "
    "TWILIO_AUTH_TOKEN DIALPLAN_DATABASE_URL DIALPLAN_REALTIME_URL DIALPLAN_TENANTS"
).split()


class Desk:
    """A folder with one vertical and two tenants, and the command run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "verticals"
        self.file = self.folder / "shop" / "vertical.yaml"
        self.tenants = self.folder / "tenants.yaml"
        self.parts = self.folder / "shop" / "parts" / "hours.yaml"
        self.parts.parent.mkdir(parents=True)
        self.file.write_text(SHOP)
        self.tenants.write_text(TENANTS)
        self.parts.write_text('# open\nmon-fri: "08:00-18:00"\nholidays: US\n')
        self.environ: dict[str, str | None] = dict.fromkeys(UNSET)
        self.environ["DIALPLAN_VERTICALS"] = str(self.folder)
        self.environ["DIALPLAN_DATA"] = str(folder / "data")

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=self.environ).invoke(explain, list(arguments))

    def rows(self, *arguments: str) -> dict[str, tuple[str, str]]:
        result = self.run(*arguments, "--format", "json")
        made: dict[str, Any] = json.loads(result.output)
        return {row["name"]: (row["value"], row["place"]) for row in made["rows"]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_value_says_where_it_comes_from(desk: Desk) -> None:
    rows = desk.rows("+15550100001", "--at", "2026-03-02 09:00")

    assert rows["number"] == ("+15550100001", f"{desk.tenants}:4")
    assert rows["tenant"] == ("north", f"{desk.tenants}:2")
    assert rows["vertical"] == ("shop (Bicycle shop)", f"{desk.tenants}:4")
    assert rows["entry agent"] == ("desk", f"{desk.file}:20")
    assert rows["model"] == ("gpt-realtime-2.1", f"{desk.file}:11")
    assert rows["voice"] == ("marin", "default")
    assert rows["language"] == ("en-US", "default")
    assert rows["time zone"] == ("America/Denver", f"{desk.tenants}:5")
    assert rows["variable timezone"] == ("America/Denver", f"{desk.tenants}:5")
    assert rows["variable business_name"] == ("Wheels", f"{desk.file}:5")
    assert rows["variable polite"] == ("true", f"{desk.file}:8")
    assert rows["limit call"] == ("15m, then a goodbye and the end", "default")


def test_the_hours_are_those_of_the_moment_by_the_tenants_clock(desk: Desk) -> None:
    at_eight = "2026-03-02 14:30:00+00:00"

    north = desk.rows("+15550100001", "--at", at_eight)
    south = desk.rows("+15550100002", "--at", at_eight)

    assert north["moment"] == ("Monday, 2026-03-02 07:30", "--at")
    assert north["open"] == (
        "no, opens next today at 8 AM (today: open from 8 AM to 6 PM); the AI still answers",
        f"{desk.parts}:2",
    )
    assert south["moment"][0] == "Monday, 2026-03-02 08:30"
    assert south["open"][0] == "yes (today: open from 8 AM to 6 PM)"


def test_a_holiday_is_named_and_heard_in_the_greeting(desk: Desk) -> None:
    rows = desk.rows("+15550100001", "--at", "2026-09-07 10:00")

    assert "closed for Labor Day" in rows["open"][0]
    assert rows["greeting"] == ("“Wheels here, closed for Labor Day.”", f"{desk.file}:12")


def test_without_hours_it_is_always_open_in_utc_when_no_zone_is_known(desk: Desk) -> None:
    desk.file.write_text(
        "dialplan: 1\nname: shop\ntitle: Shop\nvoice: {greeting: Hi.}\n"
        "agents: {desk: {entry: true, prompt: Help.}}\n"
    )
    desk.tenants.write_text('tenants: {north: {lines: {"+15550100001": shop}}}\n')

    rows = desk.rows("+15550100001")

    assert rows["open"] == ("always: no hours are given", "default")
    assert rows["time zone"] == ("UTC", "default")
    assert rows["moment"][1] == "now"
    assert rows["AI fails, step 1"][1] == rows["AI fails, step 2"][1] == "default"
    assert rows["AI fails, step 2"][0] == "hangs up"


def test_what_happens_when_the_ai_fails_is_told_step_by_step(desk: Desk) -> None:
    rows = desk.rows("+15550100001")

    steps = [value for name, value in rows.items() if name.startswith("AI fails")]
    then = f"{desk.file}:16"
    assert steps == [
        ("says “Wheels cannot talk.”", f"{desk.file}:15"),
        ("rings +15550100911 (owner) for 15 s", then),
        ("if nobody picks up: says “Please leave a message after the tone.”", then),
        ("then records a message of at most 120 s", then),
        ("then says “Thank you. Goodbye.”", then),
        ("then hangs up", then),
    ]


def test_secrets_say_whether_they_are_set_and_never_their_value(desk: Desk) -> None:
    bare = desk.rows("+15550100001")
    desk.environ |= dict.fromkeys([*UNSET[:7]], SECRET)

    rows = desk.rows("+15550100001")
    own = desk.rows("+15550100002")

    named = f"env:NORTH_KEY ({desk.tenants}:6)"
    assert bare["secret api_key"] == ("not set here: without it requests to `svc` fail", named)
    assert bare["secret other_key"] == ("not set here", "env:OTHER_KEY (default)")
    assert bare["Twilio token"][0] == "not set here: without it the server does not start"
    assert rows["secret api_key"] == ("set", named)
    assert rows["secret other_key"] == ("set", "env:OTHER_KEY (default)")
    assert rows["Twilio account"] == ("set (the platform's)", "env:TWILIO_ACCOUNT_SID")
    assert rows["OpenAI key"] == ("set", "env:OPENAI_API_KEY")
    place = f"env:SOUTH_TOKEN ({desk.tenants}:9)"
    assert own["Twilio token"] == ("set (the tenant's own)", place)
    for number in ("+15550100001", "+15550100002"):
        assert SECRET not in desk.run(number).output
        assert SECRET not in desk.run(number, "--format", "json").output


def test_a_canary_is_told_when_there_is_one(desk: Desk) -> None:
    assert "canary" not in desk.rows("+15550100001")
    desk.tenants.write_text(TENANTS + 'canary:\n  shop: {share: 10%, numbers: ["+15550107788"]}\n')

    assert desk.rows("+15550100001")["canary"] == (
        "10% of the calls and the calls to or from +15550107788 get the folder's version before it "
        "is released",
        f"{desk.tenants}:11",
    )


def test_the_text_has_three_columns_and_wraps_what_is_long(desk: Desk) -> None:
    desk.file.write_text(SHOP.replace("default: Wheels", f"default: {'Long name ' * 12}end"))

    lines = desk.run("+1 555 010 0001").output.splitlines()

    assert lines[:2] == ["`+1 555 010 0001` read as +15550100001", ""]
    first = next(i for i, line in enumerate(lines) if line.startswith("variable business_name"))
    column = lines[first].index(f"{desk.file}:5")
    assert lines[first + 1].strip().startswith("Long name")
    assert all(line[column - 2 : column] == "  " for line in lines if f"{desk.file}:" in line)


def test_a_number_that_nobody_owns_hears_a_sentence_and_has_no_tenant(desk: Desk) -> None:
    result = desk.run("+15550100020")
    rows = desk.rows("+15550100020")

    assert result.exit_code == 1
    assert rows["tenant"] == ("none: nobody owns this number", str(desk.tenants))
    assert rows["answer, step 1"][0].startswith("says “The number you have called is not in")
    assert rows["answer, step 2"] == ("hangs up", "default")
    assert "+15550100002 (south, shop)" in result.output
    assert "vertical  " not in result.output


def test_text_that_is_no_number_is_refused(desk: Desk) -> None:
    result = desk.run("reception")

    assert isinstance(result.exception, ConfigError)
    assert "`reception` is no number in E.164 form" in str(result.exception)


def test_a_moment_that_is_none_is_refused_for_any_number(desk: Desk) -> None:
    for number in ("+15550100001", "+15550100020"):
        result = desk.run(number, "--at", "noon")

        assert "`--at`: expected a moment such as `2026-03-02 09:00`" in str(result.exception)


def test_files_with_errors_are_told_like_a_check(desk: Desk) -> None:
    desk.file.write_text(SHOP.replace("title", "titel"))

    result = desk.run("+15550100001")
    as_json = desk.run("+15550100001", "--format", "json")

    assert (result.exit_code, as_json.exit_code) == (2, 2)
    assert f"{desk.file}:3:1: E203 titel: unknown key" in result.output
    assert {one["code"] for one in json.loads(as_json.output)["problems"]} == {"E202", "E203"}


def test_the_release_is_not_looked_up_without_a_database(desk: Desk) -> None:
    value, place = desk.rows("+15550100001")["version released"]

    assert value.startswith("not looked up: no Postgres runs in `")
    assert place == "env:DIALPLAN_DATABASE_URL"


def test_a_database_that_does_not_answer_is_told_without_its_password(desk: Desk) -> None:
    desk.environ["DIALPLAN_DATABASE_URL"] = f"postgresql://me:{SECRET}@127.0.0.1:1/x"

    result = desk.run("+15550100001")

    assert result.exit_code == 0
    assert "not looked up: the database does not answer" in " ".join(result.output.split())
    assert SECRET not in result.output


def test_the_commands_load_neither_the_agents_sdk_nor_the_database() -> None:
    code = (
        "import sys, dialplan.cli.explain, dialplan.cli.show\n"
        "print([name for name in ('agents', 'openai', 'sqlalchemy', 'asyncpg') "
        "if name in sys.modules])"
    )

    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"


def test_what_is_done_after_the_call_is_one_row_where_it_stands(desk: Desk) -> None:
    after = (
        "after_call:\n  fields: {follow_up: boolean, intent: {enum: [buy, sell]}}\n"
        '  send: [{http: {post: "{{ endpoints.svc }}/calls"}}]\n'
    )
    desk.file.write_text(SHOP + after)
    line = SHOP.count("\n") + 1

    value, place = desk.rows("+15550100001")["after the call"]

    assert value == "reads follow_up, intent, then 1 send (`gpt-5-mini`)"
    assert place.endswith(f"shop/vertical.yaml:{line}")
    desk.file.write_text(SHOP)
    assert "after the call" not in desk.rows("+15550100001")
