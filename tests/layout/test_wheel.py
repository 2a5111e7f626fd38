"""The wheel holds the whole package and works away from this folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(one) for one in command],
        cwd=cwd,
        env={"PATH": os.defpath, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-c", _BUILD, folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment that holds the wheel; its dependencies are this one's."""
    folder = tmp_path_factory.mktemp("installed")
    made = run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    assert made.returncode == 0, made.stderr
    python = folder / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    installed = run(*pip, "--no-index", "--no-deps", wheel, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    (packages,) = folder.glob("lib/python3.*/site-packages")
    # A path in a .pth file is added as it is: the editable install over there is not followed.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_wheel_holds_every_tracked_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    listed = run("git", "ls-files", "platform/dialplan", cwd=ROOT, env=dict(os.environ))
    tracked = {line.removeprefix("platform/") for line in listed.stdout.splitlines()}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    shipped = {f"dialplan/{path.relative_to(ROOT)}" for path in (ROOT / "verticals").rglob("*")}

    assert len(tracked) > 100
    assert not {name for name in tracked if (ROOT / "platform" / name).exists()} - held
    assert not {name for name in held if not name.startswith("dialplan/")}
    assert {name for name in held if name.startswith("dialplan/verticals/")} <= shipped
    assert not {name for name in held if "__pycache__" in name}


def test_every_module_is_imported_from_the_wheel_in_another_folder(
    python: Path, tmp_path: Path
) -> None:
    program = (
        "import dialplan, importlib, pkgutil, platform\n"
        "assert platform.system()\n"
        "skipped = ('__main__', 'migrations')\n"
        "names = [one.name for one in pkgutil.walk_packages(dialplan.__path__, 'dialplan.')]\n"
        "names = [name for name in names if not any(one in name for one in skipped)]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(dialplan.__file__, len(names))\n"
    )

    done = run(python, "-c", program, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    where, count = done.stdout.split()
    assert Path(where).is_relative_to(python.parents[1])
    assert int(count) > 100


def test_the_command_of_the_wheel_runs_in_another_folder(python: Path, tmp_path: Path) -> None:
    done = run(python.parent / "dialplan", "check", ROOT / "verticals", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to change" in done.stdout


def test_the_wheel_begins_a_vertical_in_another_folder(python: Path, tmp_path: Path) -> None:
    dialplan = python.parent / "dialplan"

    made = run(dialplan, "new", "repair_shop", cwd=tmp_path)
    checked = run(dialplan, "check", "verticals", cwd=tmp_path)

    assert made.returncode == 0, made.stdout + made.stderr
    assert checked.stdout == "1 vertical checked, nothing to change\n"


def test_the_wheel_copies_a_shipped_vertical_where_there_is_no_clone(
    python: Path, tmp_path: Path
) -> None:
    dialplan = python.parent / "dialplan"

    made = run(dialplan, "new", "nail_bar", "--from", "salon", cwd=tmp_path)
    checked = run(dialplan, "check", "--strict", "verticals", cwd=tmp_path)

    assert made.returncode == 0, made.stdout + made.stderr
    assert checked.stdout == "1 vertical checked, nothing to change\n"


def test_the_migrations_of_the_wheel_are_found_by_alembic(python: Path, tmp_path: Path) -> None:
    program = (
        "from alembic.config import Config; from alembic.script import ScriptDirectory\n"
        "config = Config()\n"
        "config.set_main_option('script_location', 'dialplan:store/migrations')\n"
        "config.set_main_option('path_separator', 'os')\n"
        "scripts = ScriptDirectory.from_config(config)\n"
        "print(scripts.get_current_head(), scripts.dir)\n"
    )

    done = run(python, "-c", program, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    head, folder = done.stdout.split()
    assert head.isdigit()
    assert Path(folder).is_relative_to(python.parents[1])
