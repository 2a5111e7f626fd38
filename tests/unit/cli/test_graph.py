from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from dialplan.cli.graph import graph
from dialplan.errors import ConfigError

VERTICALS = Path(__file__).parents[3] / "verticals"
ENV = {"DIALPLAN_VERTICALS": str(VERTICALS)}


def test_a_vertical_is_found_by_name_and_drawn_as_mermaid() -> None:
    done = CliRunner().invoke(graph, ["healthcare"], env=ENV)

    assert done.exit_code == 0
    assert done.output.startswith("---\ntitle: ")


def test_the_ending_of_the_file_says_what_is_drawn(tmp_path: Path) -> None:
    target = tmp_path / "clinic.svg"

    done = CliRunner().invoke(graph, [str(VERTICALS / "healthcare"), "--output", str(target)])

    assert done.exit_code == 0
    assert target.read_text().startswith("<svg ")


def test_an_unknown_vertical_is_answered_with_the_nearest_name() -> None:
    done = CliRunner().invoke(graph, ["helthcare"], env=ENV)

    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "no vertical `helthcare`: did you mean `healthcare`?"


def test_a_name_cannot_lead_out_of_the_verticals_folder() -> None:
    done = CliRunner().invoke(graph, ["../healthcare"], env=ENV)

    assert isinstance(done.exception, ConfigError)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "no" / "folder.svg"

    done = CliRunner().invoke(graph, ["healthcare", "--output", str(target)], env=ENV)

    assert isinstance(done.exception, ConfigError)
    assert "no such file" in str(done.exception)
