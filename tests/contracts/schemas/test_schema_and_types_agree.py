"""The published schema and the types never disagree: what one takes, the other takes."""

import copy
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dialplan.config.contract import contract
from dialplan.model.schema import KINDS, schema_of
from dialplan.model.shape import Shape

_spec = importlib.util.spec_from_file_location(
    "written_data", Path(__file__).with_name("written_data.py")
)
assert _spec is not None
assert _spec.loader is not None
written_data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(written_data)

VERTICALS = Path(__file__).parents[3] / "verticals"
CALM = settings(
    max_examples=int(os.environ.get("DIALPLAN_EXAMPLES", "100")),
    deadline=None,
    # The same examples every time, so that what fails was just changed; with a number of examples,
    # by hand, others each time.
    derandomize="DIALPLAN_EXAMPLES" not in os.environ,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


def _accepts(kind: type[Shape], data: object) -> bool:
    """What both validators of the schema say, the quick one and the one that explains."""
    quick = contract(kind).accepts(data)
    assert quick is not any(contract(kind).slowly.iter_errors(data))
    return quick


def _agree(kind: type[Shape], data: object) -> None:
    """What the schema takes can be built, but for hours; what is built is written as it takes."""
    made = _made(kind, data)
    if made is None:
        return
    dumped = made.model_dump(mode="json", exclude_none=True)
    assert contract(kind).faults(dumped) == []
    assert kind.model_validate(dumped) == made


def _made(kind: type[Shape], data: object) -> Shape | None:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        # Two spans of a day, or one that ends before it begins, are a problem of their own.
        if {one["type"] for one in error.errors()} != {"hours"}:
            raise
        return None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_the_schema_takes_can_be_built_and_written(kind: str) -> None:
    schema = schema_of(kind)

    @CALM
    @given(written_data.data_of(schema, schema))
    def holds(data: object) -> None:
        assume(_accepts(KINDS[kind], data))
        _agree(KINDS[kind], data)

    holds()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_data_changed_anywhere_is_taken_by_both_or_refused(kind: str) -> None:
    example = {name: one["examples"][0] for name, one in schema_of(kind)["properties"].items()}
    assert _accepts(KINDS[kind], example)

    @CALM
    @given(st.data())
    def holds(draw: st.DataObject) -> None:
        data = copy.deepcopy(example)
        for _ in range(draw.draw(st.integers(1, 3))):
            _change(data, draw)
        if _accepts(KINDS[kind], data):
            _agree(KINDS[kind], data)
        else:
            with pytest.raises(ValidationError):
                KINDS[kind].model_validate(data)

    holds()


def _change(data: Any, draw: st.DataObject) -> None:
    """Replace, remove or rename one value, at any depth."""
    owner, keys = data, _keys(data)
    key = draw.draw(st.sampled_from(keys))
    while _keys(owner[key]):
        deeper: bool = draw.draw(st.booleans())
        if not deeper:
            break
        owner = owner[key]
        key = draw.draw(st.sampled_from(_keys(owner)))
    match draw.draw(st.sampled_from(["replace", "remove", "rename"])):
        case "remove" if len(owner) > 1 or owner is not data:
            del owner[key]
        case "rename" if isinstance(owner, dict) and len(owner) > 1:
            owner[draw.draw(st.text(min_size=1, max_size=5))] = owner.pop(key)
        case _:
            # Not null: a file cannot write it where a key is only left out.
            owner[key] = draw.draw(written_data.JSON.filter(lambda value: value is not None))


def _keys(data: object) -> list[Any]:
    if isinstance(data, dict):
        return list(data)
    return list(range(len(data))) if isinstance(data, list) else []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_key_is_explained_and_has_valid_examples(kind: str) -> None:
    schema = schema_of(kind)
    whole = json.loads(json.dumps(schema))

    for owner in [whole, *whole.get("$defs", {}).values()]:
        for key, said in owner.get("properties", {}).items():
            where = f"{owner.get('title', owner.get('description'))}: {key}"
            assert said.get("description"), where
            assert said.get("examples"), where
            for example in said["examples"]:
                part = {**said, "$defs": whole.get("$defs", {})}
                validator = contract(KINDS[kind]).slowly
                errors = type(validator)(part).iter_errors(example)  # type: ignore[call-arg]
                assert [error.message for error in errors] == [], where
