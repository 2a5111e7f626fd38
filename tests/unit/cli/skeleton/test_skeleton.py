from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from dialplan.cli.skeleton import GREETING, scalar, skeleton
from dialplan.config.load import load_conversation, load_vertical
from dialplan.config.seeds import load_seed
from dialplan.model.vertical import Vertical

FILES = skeleton("shop", title="Shop", greeting=GREETING, folder="verticals/shop")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text, encoding="utf-8")
    return tmp_path / "shop"


def test_there_is_nothing_to_change_in_it(folder: Path) -> None:
    loaded = load_vertical(folder)

    assert loaded.warnings == ()
    calls = [path for path in FILES if path.startswith("conversations/")]
    assert len(calls) == 2
    assert all(load_conversation(folder, path).then for path in calls)
    database = loaded.vertical.database
    assert database.seed is not None
    zone = ZoneInfo("UTC")
    rows = load_seed(folder, database.seed, database, today=date(2026, 3, 2), zone=zone)
    assert {table: len(some) for table, some in rows.items()} == {"openings": 6}


def test_it_shows_every_section_of_the_language() -> None:
    shown = set(re.findall(r"^(?:# )?([a-z_]+):", FILES["vertical.yaml"], re.MULTILINE))

    assert shown == set(Vertical.model_fields)


def test_every_section_is_explained_where_it_begins() -> None:
    lines = [
        line for line in FILES["vertical.yaml"].splitlines() if re.match(r"(?:# )?[a-z_]+:", line)
    ]
    plain = {"title", "limits"}

    assert {line.split(":")[0] for line in lines if "  # " not in line} == plain


def test_what_is_only_shown_is_right_when_it_is_used(folder: Path) -> None:
    text = FILES["vertical.yaml"]
    for part in ("secrets:", "endpoints:", "  shop:", "after_call:", "  fields:"):
        assert f"# {part}" in text
        text = text.replace(f"# {part}", part)
    (folder / "vertical.yaml").write_text(text, encoding="utf-8")

    vertical = load_vertical(folder).vertical

    assert vertical.secrets == ("shop_token",)
    assert set(vertical.endpoints) == {"shop"}
    assert vertical.after_call is not None
    assert set(vertical.after_call.fields) == {"follow_up"}


def test_a_write_asks_first_and_is_done_once(folder: Path) -> None:
    tool = load_vertical(folder).vertical.tools["book_time"]

    assert tool.confirm is not None
    assert tool.idempotent


def test_nothing_is_left_to_fill_in() -> None:
    assert not [path for path, text in FILES.items() if "<<" in text or ">>" in text]


@pytest.mark.parametrize(
    "text",
    [
        "Spoke and Wheel",
        "NO",
        "true",
        "null",
        "12",
        'The "Best": a shop',
        "Zoë's #1",
        "日本 🐕",
        "- x",
    ],
)
def test_a_text_stays_what_was_given(text: str) -> None:
    assert yaml.safe_load(f"{{a: {scalar(text)}, b: 1}}") == {"a": text, "b": 1}


def test_a_plain_name_has_no_quotes() -> None:
    assert scalar("Spoke and Wheel") == "Spoke and Wheel"


def test_an_editor_is_told_the_schemas_where_they_are() -> None:
    files = skeleton("shop", title="Shop", greeting="Hi.", folder="x/shop", schemas=True)

    first = {path: text.splitlines()[0] for path, text in files.items()}
    begin = "# yaml-language-server: $schema="
    assert first["vertical.yaml"] == f"{begin}../../schemas/vertical.schema.json"
    assert first["conversations/book_a_time.yaml"] == (
        f"{begin}../../../schemas/conversation.schema.json"
    )
    assert "schema" not in first["seed/demo.yaml"]
