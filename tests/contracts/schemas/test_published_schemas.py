from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dialplan.model.schema import KINDS, schema_of, written

SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_published_schema_is_what_the_types_say(kind: str) -> None:
    published = (SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8")

    assert published == written(kind), "run `python -m dialplan.model.schema`"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_schema_is_a_valid_2020_12_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{kind}.schema.json" for kind in KINDS}
