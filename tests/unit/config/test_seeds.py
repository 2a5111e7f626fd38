from datetime import date, datetime
from pathlib import Path
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
