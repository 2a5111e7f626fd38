import pytest

from dialplan.errors import ToolError
from dialplan.sql.statement import compile_sql

TYPES = {"phone": "text", "born": "date", "state.patient_id": "bigint", "x": "text"}


def test_names_become_typed_bound_values_each_bound_once() -> None:
    compiled = compile_sql(
        "SELECT :phone, :state.patient_id FROM p WHERE a = :phone AND b = :born;", TYPES
    )

    assert compiled.text == (
        "SELECT CAST($1 AS text), CAST($2 AS bigint) FROM p"
        " WHERE a = CAST($1 AS text) AND b = CAST($3 AS date)"
    )
    assert compiled.names == ("phone", "state.patient_id", "born")
    assert not compiled.writes


@pytest.mark.parametrize(
    "quiet",
    [
        "':x'",
        "'it''s :x'",
        r"E'it\'s :x'",
        '":x"',
        "$$ :x $$",
        "$a$ $$ :x $a$",
        "y::text",
        "'a' || 'b'",
    ],
)
def test_text_quoted_names_and_casts_are_left_as_they_are(quiet: str) -> None:
    compiled = compile_sql(f"SELECT {quiet}", TYPES)

    assert compiled.text == f"SELECT {quiet}"
    assert compiled.names == ()


@pytest.mark.parametrize("comment", ["-- :x ; DROP\n", "/* :x ; /* nested */ ' */"])
def test_comments_are_dropped(comment: str) -> None:
    assert compile_sql(f"SELECT 1 {comment}", TYPES).text == "SELECT 1"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("SELECT :nam", "`:nam` is not a value of this tool: expected one of `:born`"),
        ("SELECT 1; DROP TABLE x", "expected one SQL statement"),
        ("DROP TABLE x", "SQL starts with `drop`"),
        ("SET ROLE postgres", "SQL starts with `set`"),
        ("RESET ROLE", "SQL starts with `reset`"),
        ("DO $$ BEGIN END $$", "SQL starts with `do`"),
        ("", "the SQL is empty"),
        ("-- nothing", "the SQL is empty"),
        ("SELECT set_config('role', 'x', true)", "`set_config` is not taken"),
        ('SELECT pg_catalog."set_config"(1)', "`set_config` is not taken"),
        ("SELECT $a$ $$ $a$, set_config(1), $a$ $a$", "`set_config` is not taken"),
        ('SELECT U&"set\\005fconfig"(1)', "`set_config` is not taken"),
        ("SELECT pg_try_advisory_xact_lock(1)", "`pg_try_advisory_xact_lock` is not taken"),
        ("SELECT 1 FROM dialplan.calls", "`dialplan.calls` is not taken"),
        ("SELECT 1 FROM pg_class", "`pg_class` is not taken"),
        ("SELECT * FROM information_schema.tables", "`information_schema.tables` is not taken"),
        ("SELECT * INTO copies FROM p", "SELECT INTO makes a table"),
        ("SELECT a FROM", "the SQL ends too early"),
        ("SELECT 'x\0'", "a character that no text has"),
        ("SELECT " + " || ".join(["a"] * 400), "nested too deep"),
        ("SELECT 'open", "a ' is opened in the SQL and never closed"),
        ("SELECT /* open", "never closed"),
        ("SELECT $1", "`$1` is not taken in SQL"),
    ],
)
def test_what_is_not_one_plain_statement_is_refused(source: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        compile_sql(source, TYPES)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    "source", ["UPDATE p SET a = 1", "WITH d AS (DELETE FROM p RETURNING 1) SELECT 1"]
)
def test_a_statement_that_changes_rows_is_known_to(source: str) -> None:
    assert compile_sql(source, TYPES).writes
