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
