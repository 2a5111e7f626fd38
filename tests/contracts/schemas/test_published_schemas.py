from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dialplan.model.schema import KINDS, PACKAGED, schema_of, written

SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.mark.parametrize("folder", [SCHEMAS, PACKAGED], ids=["published", "packaged"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_published_schema_is_what_the_types_say(kind: str, folder: Path) -> None:
    published = (folder / f"{kind}.schema.json").read_text(encoding="utf-8")

    assert published == written(kind), "run `python -m dialplan.model.schema`"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_schema_is_a_valid_2020_12_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))


def test_no_schema_is_left_over() -> None:
    names = {f"{kind}.schema.json" for kind in KINDS}

    assert {path.name for path in SCHEMAS.iterdir()} == names
    assert {path.name for path in PACKAGED.iterdir()} == names
