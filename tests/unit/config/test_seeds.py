from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from dialplan.config.problem import VerticalProblems
from dialplan.config.seeds import Rows, load_seed
from dialplan.model.database import Database

TODAY = date(2026, 3, 2)
CHICAGO = ZoneInfo("America/Chicago")
DATABASE = Database.model_validate(
    {
        "tables": {
            "visits": {
                "columns": {
                    "id": "serial",
                    "at": "timestamptz",
                    "day": {"type": "date", "optional": True},
                    "paid": {"type": "boolean", "default": False},
                    "code": {"type": "text", "optional": True},
                    "client": {"references": "visits", "optional": True},
                }
            }
        }
    }
)


TYPES = Database.model_validate(
    {
        "tables": {
            "stylists": {"columns": {"id": "uuid", "name": "text"}},
            "visits": {
                "columns": {
                    "stylist": {"references": "stylists", "optional": True},
                    "price": {"type": "money", "currency": "EUR", "optional": True},
                    "rate": {"type": "decimal", "optional": True},
                    "state": {"enum": ["open", "shut"], "optional": True},
                    "low": {"type": "text", "computed": "lower(state)"},
                    "phone": {"type": "phone", "optional": True},
                    "extra": {"type": "json", "optional": True},
                }
            },
        }
    }
)


def _load(folder: Path, text: str) -> Rows:
    (folder / "seed.yaml").write_text(text)
    return load_seed(folder, "seed.yaml", DATABASE, today=TODAY, zone=CHICAGO)


def test_values_take_the_type_of_their_column(tmp_path: Path) -> None:
    text = "visits:\n  - {id: 1, at: today+1 09:00, day: today, paid: true, code: 012, client: 1}\n"

    assert _load(tmp_path, text) == {
        "visits": [
            {
                "id": 1,
                "at": datetime(2026, 3, 3, 9, tzinfo=CHICAGO),
                "day": TODAY,
                "paid": True,
                "code": "012",
                "client": 1,
            }
        ]
    }


def test_null_is_nothing_and_what_is_left_out_stays_out(tmp_path: Path) -> None:
    assert _load(tmp_path, "visits:\n  - {at: 2026-03-02 09:00, code: null}\n") == {
        "visits": [{"at": datetime(2026, 3, 2, 9, tzinfo=CHICAGO), "code": None}]
    }


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("visit: []\n", ["E310"]),
        ("visits: text\n", ["E201"]),
        ("visits: [text]\n", ["E201"]),
        ("[a]\n", ["E201"]),
        ("visits:\n  - {att: today}\n", ["E202", "E310"]),
        ("visits:\n  - {at: soon, paid: yes, client: x, day: [a]}\n", ["E201"] * 4),
    ],
)
def test_what_does_not_fit_is_a_located_problem(
    tmp_path: Path, text: str, codes: list[str]
) -> None:
    with pytest.raises(VerticalProblems) as failure:
        _load(tmp_path, text)

    assert sorted(problem.code for problem in failure.value.problems) == codes
    assert all(problem.line > 0 for problem in failure.value.problems)


AMOUNT = "expected an amount such as `45.00` or `45.00 EUR`"


def _typed(folder: Path, cells: str) -> object:
    (folder / "seed.yaml").write_text(f"visits:\n  - {{{cells}}}\n")
    rows = load_seed(folder, "seed.yaml", TYPES, today=TODAY, zone=CHICAGO)
    return rows["visits"][0]


def test_amounts_enums_and_keys_are_read_as_what_they_are(tmp_path: Path) -> None:
    key = "6f1d0c3e-0d0b-4f7e-9a51-3c1c6a1f2b10"

    assert _typed(tmp_path, f"stylist: {key}, price: 45.50 EUR, rate: 0.10, state: open") == {
        "stylist": UUID(key),
        "price": Decimal("45.50"),
        "rate": Decimal("0.10"),
        "state": "open",
    }
    assert _typed(tmp_path, "price: 45") == {"price": Decimal(45)}


def test_json_is_written_as_yaml_or_as_text(tmp_path: Path) -> None:
    written = _typed(tmp_path, "extra: {doors: 4, colors: [red], used: true, owner: null}")
    quoted = _typed(tmp_path, """extra: '{"doors": 4}'""")

    assert written == {"extra": '{"doors": 4, "colors": ["red"], "used": true, "owner": null}'}
    assert quoted == {"extra": '{"doors": 4}'}


@pytest.mark.parametrize(
    ("cells", "code", "message"),
    [
        (
            "price: 45 USD",
            "E201",
            "expected an amount such as `45.00` or `45.00 EUR`, got `45 USD`",
        ),
        ("price: NaN", "E201", "expected an amount such as `45.00` or `45.00 EUR`, got `NaN`"),
        ("rate: much", "E201", "expected a number, got `much`"),
        ("state: opne", "E204", "expected `open`, `shut`, got `opne`"),
        ("low: a", "E207", "`low` is computed: leave it out"),
        (
            "phone: 555-0107",
            "E201",
            "expected a phone number such as `+15550100001`, got `555-0107`",
        ),
        ("extra: '{doors'", "E201", "expected JSON in quotes, or a mapping or list, got `{doors`"),
        (
            "stylist: 7",
            "E201",
            "expected a UUID such as `6f1d0c3e-0d0b-4f7e-9a51-3c1c6a1f2b10`, got `7`",
        ),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_told(
    tmp_path: Path, cells: str, code: str, message: str
) -> None:
    with pytest.raises(VerticalProblems) as failure:
        _typed(tmp_path, cells)

    [problem] = failure.value.problems
    assert (problem.code, problem.message) == (code, message)
