import pytest

from dialplan.sql.written import write_sql


def test_the_binds_are_found_with_their_places() -> None:
    sql = "SELECT a::date, ':no' -- :nor\n/* :this */ FROM t WHERE é = :x AND y = :state.y OR x=:x"

    binds = write_sql(sql, {}).binds

    assert [(bind.name, sql[bind.start : bind.end]) for bind in binds] == [
        ("x", ":x"),
        ("state.y", ":state.y"),
        ("x", ":x"),
    ]


def test_words_of_sql_may_name_values() -> None:
    written = write_sql("SELECT :day, :call.from, :order.id, a[1:2]", {"day": "date"})

    assert written.names == ("day", "call.from", "order")
    assert written.text == "SELECT CAST($1 AS date), $2, $3.id, a[1:2]"


@pytest.mark.parametrize("lead", ["", "  \n", "/* é */ "])
def test_places_in_the_rewritten_text_lead_back(lead: str) -> None:
    sql = "".join((lead, "SELECT 'é', :x, -- note\n name FROM t ; -- end"))
    written = write_sql(sql, {"x": "double precision"})

    place = written.place(len(written.text[: written.text.index("name")].encode()))

    assert sql[slice(*place)] == "name"


def test_the_end_of_a_statement_is_left_out() -> None:
    assert write_sql("SELECT 1; ; -- done", {}).text == "SELECT 1"
