import pytest

from dialplan.config.binds import binds_used, columns_given


def test_binds_are_found_and_casts_strings_and_comments_are_not() -> None:
    sql = "SELECT a::date, ':no' -- :nor\n/* :this */ FROM t WHERE x = :x AND y = :state.y OR x=:x"

    assert binds_used(sql) == ["x", "state.y"]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT starts_at, s.doctor FROM slots s", {"starts_at", "doctor"}),
        ("select count(*) as many, coalesce(a, b) AS c from t", {"many", "c"}),
        ("SELECT DISTINCT extract(hour FROM at) AS hour FROM t", {"hour"}),
        ("SELECT * FROM t", None),
        ("WITH x AS (SELECT 1) SELECT a FROM x", None),
    ],
)
def test_the_names_of_a_select_list_are_told(sql: str, columns: set[str] | None) -> None:
    assert columns_given(sql) == columns
