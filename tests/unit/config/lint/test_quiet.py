"""Good verticals of other trades are told nothing: a check that cries wolf is switched off."""

from pathlib import Path

import pytest

from dialplan.config.load import load_vertical
from dialplan.config.problem import render_text

ROOT = Path(__file__).parents[4]
GOOD = [
    *sorted(path for path in (Path(__file__).parent / "quiet").iterdir() if path.is_dir()),
    *sorted(file.parent for file in (ROOT / "verticals").glob("*/vertical.yaml")),
]


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_a_good_vertical_is_told_nothing(folder: Path) -> None:
    assert render_text(load_vertical(folder).warnings) == ""
