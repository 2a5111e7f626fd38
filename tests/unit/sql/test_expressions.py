"""Which SQL a table may hold; tests/integration/store makes what is taken on a real Postgres."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dialplan.sql.expressions import MOST_CHARACTERS, Use, columns_in, expression_faults
from dialplan.sql.kinds import Declared

COLUMNS = {
    "at": "timestamp with time zone",
    "day": "date",
    "n": "bigint",
    "note": "text",
    "state": Declared("text", values=("open", "shut")),
}


def said(text: str, use: Use = "check") -> list[str]:
    return [fault.message for fault in expression_faults(text, COLUMNS, use)]


@pytest.mark.parametrize(
    "text",
    [
        "n > 1 -- a comment",
        "n IN (1, 2) AND note ~* 'x' AND note IS NOT NULL AND coalesce(note, '') <> ''",
        "extract(hour FROM at AT TIME ZONE 'UTC') < 18",
        "(at AT TIME ZONE 'UTC')::date = day",
        "at - at < interval '4 hours'",
        "n = ANY (ARRAY[1, 2]) OR NOT (note LIKE 'a%') OR n BETWEEN 1 AND 2",
        "CASE state WHEN 'open' THEN n > 1 ELSE true END",
        "state <> 'shut'",
        "day > date '2026-01-01'",
        "num_nonnulls(n, note) = 1",
    ],
)
def test_an_expression_over_one_row_is_taken(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n > 1) , (2", "expected one SQL expression"),
        ("n > 1) ORDER BY (n", "expected one SQL expression"),
        ("true) UNION SELECT (1", "expected one SQL expression"),
        ("true); DROP TABLE x; SELECT (1", "expected one SQL expression"),
        ("true) FROM x WHERE (true", "expected one SQL expression"),
        ("n >", "cannot read the SQL"),
        ("", "cannot read the SQL"),
        ("'a", "cannot read the SQL: unterminated quoted string"),
        ("(SELECT 1) = n", "a query is not taken here"),
        ("EXISTS (SELECT 1)", "a query is not taken here"),
        ("$1 = n", "a numbered value is not taken here"),
        ("at < now()", "`now` is not taken here"),
        ("day < current_date", "the clock is not asked here"),
        ("pg_sleep(1) IS NULL", "`pg_sleep` is not taken here"),
        ("current_setting('dialplan.tenant') = note", "`current_setting` is not taken here"),
        ("count(*) > 1", "`count` is not taken here"),
        ("x.n > 1", "name the column alone"),
        ("nn > 1", "no column named `nn` here"),
        ("tenant = 'a'", "no column named `tenant` here"),
        ("n > 'a'::text", "`bigint > text` does not exist"),
        ("at::date = day", "this cast depends on a time zone"),
        ("note::date = day", "this cast depends on a time zone"),
        ("extract(hour FROM at) < 18", "this depends on a time zone"),
        ("at > day", "a moment compared with a day depends on a time zone"),
        ("at + interval '1 day' > at", "a span added to a moment depends on a time zone"),
        ("state = 'opne'", "no row holds 'opne' there"),
        ("n > 1 AND " + "n" * MOST_CHARACTERS, "expected at most 2000 characters, got 2010"),
    ],
)
def test_what_reads_more_than_one_row_or_changes_its_mind_is_refused(
    text: str, message: str
) -> None:
    assert said(text) == [message]


def test_a_default_asks_the_clock_and_no_column() -> None:
    assert said("now() + interval '1 day'", "default") == []
    assert said("gen_random_uuid()", "default") == []
    assert said("current_date", "default") == []
    assert said("n + 1", "default") == ["a default cannot read a column"]
    assert said("set_config('a', 'b', true)", "default") == ["`set_config` is not taken here"]


def test_a_fault_is_placed_in_the_text_whatever_its_letters() -> None:
    [fault] = expression_faults("note <> 'späť' AND nnn > 1", COLUMNS, "check")

    assert "note <> 'späť' AND nnn > 1"[fault.start : fault.end] == "nnn"


def test_columns_come_once_each_in_order() -> None:
    assert columns_in("b > a AND a < c") == ("b", "a", "c")
    assert columns_in("b >") == ()


@given(some.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_judged_and_never_breaks_the_check(text: str) -> None:
    uses: tuple[Use, ...] = ("check", "default")
    for use in uses:
        for fault in expression_faults(text, COLUMNS, use):
            assert fault.message
            assert 0 <= fault.start < fault.end
