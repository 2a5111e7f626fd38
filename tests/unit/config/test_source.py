import os
from pathlib import Path

import pytest

from dialplan.config.files import MOST_BYTES
from dialplan.config.source import Source
from dialplan.config.values import Value


def _read(folder: Path, text: str) -> tuple[Value | None, list[str]]:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    source = Source(folder)
    return source.load("a.yaml"), [problem.code for problem in source.problems]


def _data(value: Value) -> object:
    if isinstance(value.content, dict):
        return {name: _data(item) for name, item in value.content.items()}
    if isinstance(value.content, list):
        return [_data(item) for item in value.content]
    return value.content


@pytest.mark.parametrize(
    "written", ["+15551234567", "10:00", "NO", "off", "012", "2026-01-05", "1_000", "1e3", "0x1f"]
)
def test_values_stay_what_was_written(tmp_path: Path, written: str) -> None:
    value, codes = _read(tmp_path, f"key: {written}\n")

    assert value is not None
    assert _data(value) == {"key": written}
    assert codes == []


def test_every_value_knows_its_place(tmp_path: Path) -> None:
    value, _ = _read(tmp_path, "a:\n  - b: text\n")

    assert value is not None
    assert isinstance(value.content, dict)
    inner = value.content["a"].content
    assert isinstance(inner, list)
    mapping = inner[0]
    assert isinstance(mapping.content, dict)
    assert (mapping.keys["b"].line, mapping.keys["b"].column) == (2, 5)
    assert (mapping.content["b"].place.line, mapping.content["b"].place.column) == (2, 8)


def test_merge_keys_give_way_to_what_is_written(tmp_path: Path) -> None:
    value, codes = _read(tmp_path, "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n")

    assert value is not None
    assert _data(value) == {"x": {"a": "1", "b": "2"}, "y": {"a": "1", "b": "3"}}
    assert codes == []


def test_a_merge_of_text_is_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "y: {<<: text}\n")[1] == ["E101"]


def test_included_values_keep_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.yaml").write_text("c: !include d.txt\n")
    (tmp_path / "parts" / "d.txt").write_text("hello\n")

    value, codes = _read(tmp_path, "b: !include parts/b.yaml\n")

    assert value is not None
    assert codes == []
    assert _data(value) == {"b": {"c": "hello\n"}}
    assert isinstance(value.content, dict)
    assert value.content["b"].place.file == str(tmp_path / "parts" / "b.yaml")


@pytest.mark.parametrize("target", ["../x.yaml", "/etc/hostname", "link.yaml"])
def test_an_include_stays_inside_the_folder(tmp_path: Path, target: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "x.yaml").write_text("secret: 1\n")
    (inside / "link.yaml").symlink_to(tmp_path / "x.yaml")

    value, codes = _read(inside, f"b: !include {target}\nc: 1\n")

    assert codes == ["E107"]
    assert value is not None
    assert isinstance(value.content, dict)
    assert value.content["b"].broken
    assert value.content["c"].content == "1"


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "b: !include a.yaml\n")[1] == ["E107"]


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    assert _read(tmp_path, "a: 1\n#" + "x" * MOST_BYTES) == (None, ["E106"])


def test_an_alias_that_holds_itself_is_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "a: &a [*a]\n") == (None, ["E105"])


def test_values_nested_without_end_are_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "a: " + "[" * 3000 + "]" * 3000 + "\n") == (None, ["E105"])


@pytest.mark.parametrize("text", ["", "a: 1\n---\nb: 2\n", "a: [\n"])
def test_what_is_not_one_document_is_refused(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, text) == (None, ["E101"])


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\xfe\n")
    source = Source(tmp_path)

    assert source.load("a.yaml") is None
    assert [problem.code for problem in source.problems] == ["E101"]


def test_a_key_that_is_not_text_is_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "? [a, b]\n: 1\n")[1] == ["E101"]


def _found(folder: Path, content: bytes) -> list[tuple[str, int, int]]:
    (folder / "a.yaml").write_bytes(content)
    source = Source(folder)
    source.load("a.yaml")
    return [(problem.code, problem.line, problem.column) for problem in source.problems]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("\ufeffa: 1\n".encode(), ("E109", 1, 1)),
        (b"a: 1\r\nb: 2\r\n", ("E109", 1, 5)),
        (b"a: 1\nb: \0\n", ("E109", 2, 4)),
        ("a: 1\nb: x\u2028y\n".encode(), ("E109", 2, 5)),
        ("a: é\nb: ".encode() + b"\xe9\n", ("E101", 2, 4)),
        (b"a: 1\nb: \xed\xa0\x80\n", ("E101", 2, 4)),
        (b'a: "\\ud800"\n', ("E101", 1, 7)),
        (b'a: "x\\0"\n', ("E109", 1, 4)),
        (b"a: 1\n  \tb: 2\n", ("E103", 2, 3)),
        (b"a: 1\nb: " + b"x" * 10_000 + b"\n", ("E106", 2, 10_001)),
        (b"a: 1\n---\nb: 2\n", ("E101", 2, 1)),
        (b"a: 1\nb: *x\n", ("E101", 2, 4)),
        (b"a: &x 1\nb: &x 2\n", ("E102", 2, 4)),
        (b"a: 1\nb: 2\na: 3\n", ("E102", 3, 1)),
        (b"a: !!int 5\n", ("E104", 1, 4)),
        (b"a: [1\n  b: 2\n", ("E101", 2, 4)),
    ],
)
def test_what_does_not_belong_is_found_at_its_place(
    tmp_path: Path, content: bytes, place: tuple[str, int, int]
) -> None:
    assert _found(tmp_path, content) == [place]


def test_columns_count_characters_not_bytes(tmp_path: Path) -> None:
    value, _ = _read(tmp_path, "{é: 😀, b: c}\n")

    assert value is not None
    assert value.keys["b"].column == 8


def test_text_with_a_tag_for_text_is_text(tmp_path: Path) -> None:
    value, codes = _read(tmp_path, "a: !!str 12\n")

    assert value is not None
    assert isinstance(value.content, dict)
    assert (value.content["a"].content, value.content["a"].plain, codes) == ("12", False, [])


def test_merged_values_keep_their_places_and_may_be_given_again(tmp_path: Path) -> None:
    value, codes = _read(
        tmp_path, "x: &x\n  a: 1\n  b: 2\ny: &y {b: 3}\nz:\n  <<: [*x, *y]\n  a: 4\n"
    )

    assert value is not None
    assert isinstance(value.content, dict)
    merged = value.content["z"]
    assert _data(merged) == {"a": "4", "b": "2"}
    assert (merged.keys["b"].line, merged.keys["a"].line) == (3, 7)
    assert codes == []


def test_a_quoted_merge_key_is_a_key_like_any_other(tmp_path: Path) -> None:
    value, codes = _read(tmp_path, "'<<': 1\n")

    assert value is not None
    assert (_data(value), codes) == ({"<<": "1"}, [])


def test_an_include_counts_towards_the_limits(tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text("[" + ", ".join("a" * 1 for _ in range(3000)) + "]\n")
    assert _read(tmp_path, "- !include many.yaml\n" * 16)[1] == []
    assert _read(tmp_path, "- !include many.yaml\n" * 17)[1] == ["E105"]

    (tmp_path / "text.md").write_text("x" * 400_000)
    assert _read(tmp_path, "- !include text.md\n" * 3)[1] == ["E105"]

    (tmp_path / "deep.yaml").write_text("[" * 30 + "]" * 30)
    assert _read(tmp_path, "[" * 12 + "!include deep.yaml" + "]" * 12)[1] == ["E105"]


def test_included_files_have_a_most(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("1\n")

    assert _read(tmp_path, "- !include b.yaml\n" * 200)[1] == []
    assert _read(tmp_path, "- !include b.yaml\n" * 201)[1] == ["E105"]


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("c: !include a.yaml\n")

    assert _read(tmp_path, "b: !include b.yaml\n")[1] == ["E107"]


def test_a_problem_of_an_included_file_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.yaml").write_text("c: 1\nc: 2\n")
    (tmp_path / "a.yaml").write_text("b: !include parts/b.yaml\nb: 1\n")
    source = Source(tmp_path)

    source.load("a.yaml")

    found = [(Path(one.file).name, one.line, one.code) for one in source.problems]
    assert found == [("b.yaml", 2, "E102"), ("a.yaml", 2, "E102")]


def test_a_fifo_and_a_folder_are_no_files_to_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()

    text = "a: !include pipe.yaml\nb: !include folder.yaml\nc: !include none.yaml\n"

    assert _read(tmp_path, text)[1] == ["E108"] * 3
