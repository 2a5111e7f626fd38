"""The tree keeps the shape that everything else relies on."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".dockerignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "docs",
    "platform",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements-server.lock",
    "requirements.lock",
    "schemas",
    "tests",
    "verticals",
}


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files"],  # noqa: S607
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return listing.stdout.splitlines()


def test_no_python_lies_directly_in_platform() -> None:
    assert not list((ROOT / "platform").glob("*.py"))


def test_nothing_new_stands_at_the_top_level() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_platform_code_knows_no_vertical_by_name() -> None:
    names = [folder.name for folder in (ROOT / "verticals").iterdir() if folder.is_dir()]
    offenders = [
        f"{path}: {name}"
        for path in (ROOT / "platform").rglob("*.py")
        for name in names
        if name in path.read_text()
    ]

    assert not offenders


def test_no_lock_file_names_a_registry() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text()
