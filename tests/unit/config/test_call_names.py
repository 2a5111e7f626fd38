"""What `call.` knows in templates and SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.config.load import load_vertical
from dialplan.config.problem import VerticalProblems
from dialplan.config.references import CALL_NAMES
from dialplan.model.vertical import Vertical
from dialplan.sql.types import bind_types

VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {{greeting: "We are {{{{ call.{name} }}}}."}}
agents: {{clerk: {{entry: true, prompt: Be kind., tools: [look]}}}}
tools:
  look: {{description: Look., sql: "SELECT :call.{name} AS it", returns: one}}
"""


def load(folder: Path, name: str) -> Vertical:
    (folder / "kiosk").mkdir()
    (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL.format(name=name))
    return load_vertical(folder / "kiosk").vertical


@pytest.mark.parametrize("name", CALL_NAMES)
def test_what_the_call_knows_can_be_said_and_bound(tmp_path: Path, name: str) -> None:
    vertical = load(tmp_path, name)

    assert f"call.{name}" in bind_types(vertical, vertical.tools["look"])


def test_a_name_that_it_does_not_know_is_refused_in_both(tmp_path: Path) -> None:
    with pytest.raises(VerticalProblems) as caught:
        load(tmp_path, "opne")

    codes = [problem.code for problem in caught.value.problems]
    assert sorted(codes) == ["E308", "E309"]
    assert all("call.open" in problem.hint for problem in caught.value.problems)
