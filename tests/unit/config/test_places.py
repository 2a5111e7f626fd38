from pathlib import Path

import pytest

from dialplan.config.places import DEFAULT, Places

FILE = """\
base: &base
  size: 1
voice: !include parts/voice.yaml
greeting: !include hello.txt
limits:
  call: 15m
  <<: *base
agents:
  - desk
  - shop
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "voice.yaml").write_text("# ours\nmodel: fast\n")
    (tmp_path / "hello.txt").write_text("Hello.")
    (tmp_path / "a.yaml").write_text(FILE)
    return Places.of_file(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (("limits", "call"), "a.yaml:6"),
        (("limits",), "a.yaml:5"),
        (("limits", "size"), "a.yaml:2"),
        (("agents", 1), "a.yaml:10"),
        (("voice", "model"), "parts/voice.yaml:2"),
        (("voice",), "parts/voice.yaml:2"),
        (("greeting",), "hello.txt:1"),
        ((), "a.yaml:1"),
    ],
)
def test_a_value_stands_where_it_is_written_through_includes_and_merges(
    places: Places, tmp_path: Path, steps: tuple[str | int, ...], place: str
) -> None:
    assert places.of(*steps) == str(tmp_path / place)


@pytest.mark.parametrize(
    "steps",
    [("limits", "silence"), ("nothing", "at", "all"), ("agents", 7), ("limits", "call", "x")],
)
def test_a_value_that_no_file_gives_is_a_default(
    places: Places, steps: tuple[str | int, ...]
) -> None:
    assert places.of(*steps) == DEFAULT


def test_a_key_has_a_place_of_its_own(places: Places, tmp_path: Path) -> None:
    assert places.of_key("voice") == f"{tmp_path}/a.yaml:3"
    assert places.of_key("voice", "model") == f"{tmp_path}/parts/voice.yaml:2"
    assert places.of_key("limits", "silence") == DEFAULT


def test_a_file_that_is_not_there_gives_defaults(tmp_path: Path) -> None:
    places = Places.of_file(tmp_path / "none.yaml")

    assert (places.of("limits"), places.of_key("limits")) == (DEFAULT, DEFAULT)
