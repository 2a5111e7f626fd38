"""Builds the image's files in a bare folder, step by step as the Dockerfile says.

There is no Docker engine here, so the steps are read strictly (an instruction, a flag or a program
that this reader does not know is a failure) and each is carried out with its own meaning. One step
differs: instead of asking a registry for what a lock file names, `pip install -r` takes the same
files from the environment that `make test` installed, which pip had checked against the same
hashes; a version that differs, or a name that is missing, is a failure.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
_BASE_TAG = re.compile(r"python:3\.(11|12)-slim(-[a-z]+)?")
_KNOWN = (
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"),
    *("RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction with its value, variables not yet filled."""

    line: int
    word: str
    value: str


def read_steps(text: str) -> list[Step]:
    """Return the instructions of a Dockerfile; one that is not known is a failure."""
    steps: list[Step] = []
    waiting, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not waiting):
            continue
        began = began if waiting else number
        if line.endswith("\\"):
            waiting += line[:-1].strip() + " "
            continue
        word, _, value = (waiting + line.strip()).partition(" ")
        waiting = ""
        assert word in _KNOWN, f"Dockerfile:{began}: unknown instruction `{word}`"
        assert "<<" not in value, f"Dockerfile:{began}: a here-document is not understood"
        steps.append(Step(began, word, value.strip()))
    assert not waiting, "Dockerfile: the last line is continued by nothing"
    return steps


def fill(value: str, names: Mapping[str, str], line: int) -> str:
    """Fill `${NAME}` and `$NAME`; a name that nothing gives is a failure."""

    def one(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        assert name in names, f"Dockerfile:{line}: nothing gives `{name}` a value"
        return names[name]

    return re.sub(r"\$(?:\{([A-Z_]+)\}|([A-Z_]+))", one, value)


class Ignore:
    """A .dockerignore: the last pattern that matches decides."""

    def __init__(self, text: str) -> None:
        self._rules: list[tuple[bool, re.Pattern[str]]] = []
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            kept = line.startswith("!")
            self._rules.append((kept, re.compile(_pattern(line.removeprefix("!").strip("/")))))

    def leaves_out(self, path: str) -> bool:
        """Whether a file of the build folder is not sent; a folder's fate is its files'."""
        out = False
        for kept, rule in self._rules:
            if rule.match(path):
                out = not kept
        return out


def _pattern(written: str) -> str:
    assert not re.search(r"[\[\]?\\]", written), f".dockerignore: `{written}` is not understood"
    parts = re.split(r"(\*\*/|\*)", written)
    known = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return "".join(known.get(part, re.escape(part)) for part in parts) + "(?:/.*)?$"


@dataclass(slots=True)
class Stage:
    """One stage: its files, and what its instructions have set."""

    files: Path
    arguments: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    users: dict[str, int] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def path(self, inside: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.files / os.path.normpath(os.path.join(self.folder, inside)).lstrip("/")

    def mapped(self, text: str) -> str:
        """Text of the image with its absolute paths made those of this machine."""
        return re.sub(r"(?<![\w./:-])/(?=opt|data|verticals|src)", f"{self.files}/", text)


class Builder:
    """Carries the steps out under `place`; the stage at hand is always in `place`/fs."""

    def __init__(self, place: Path, python: Path, environment: Mapping[str, str]) -> None:
        self._place = place
        self._python = python
        self._environment = dict(environment)
        self._ignore = Ignore((ROOT / ".dockerignore").read_text())
        self._kept: dict[str, Path] = {}
        self._name = ""

    def build(self, steps: list[Step]) -> Stage:
        """Carry out every step; return the last stage."""
        shared: dict[str, str] = {}
        stage: Stage | None = None
        for step in steps:
            if step.word == "FROM":
                stage = self._begin(fill(step.value, shared, step.line), stage)
            elif step.word == "ARG":
                name, equals, value = step.value.partition("=")
                assert equals, f"Dockerfile:{step.line}: expected `ARG NAME=default`"
                (shared if stage is None else stage.arguments)[name] = value
            else:
                assert stage is not None, f"Dockerfile:{step.line}: `{step.word}` before `FROM`"
                self._take(stage, step)
        assert stage is not None
        return stage

    def _begin(self, value: str, before: Stage | None) -> Stage:
        base, _, name = value.partition(" AS ")
        assert _BASE_TAG.fullmatch(base), f"`{base}` is no slim Python that this project runs on"
        files = self._place / "fs"
        if before is not None:
            # Moved away: what the next stage does not copy must not be found by accident.
            self._kept[self._name] = files.rename(self._place / f"stage-{self._name}")
        files.mkdir()
        self._name = name or "last"
        return Stage(files, {})

    def _take(self, stage: Stage, step: Step) -> None:
        value = step.value
        if step.word not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            value = fill(value, stage.arguments | stage.environment, step.line)
        match step.word:
            case "ENV":
                stage.environment |= dict(one.split("=", 1) for one in shlex.split(value))
            case "WORKDIR":
                stage.folder = value
                stage.path(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(stage, step, shlex.split(value))
            case "RUN":
                for command in value.split(" && "):
                    filled = fill(command, stage.arguments | stage.environment, step.line)
                    self._run(stage, step, shlex.split(filled))
            case _:
                assert step.word not in stage.said, f"Dockerfile:{step.line}: given twice"
                stage.said[step.word] = value

    def _copy(self, stage: Stage, step: Step, words: list[str]) -> None:
        *sources, target = words
        source_root = ROOT
        if sources[0].startswith("--from="):
            source_root = self._kept[sources.pop(0).removeprefix("--from=")]
        assert not any(one.startswith("--") for one in sources), f"Dockerfile:{step.line}: a flag"
        for source in sources:
            origin = source_root / source.strip("/")
            assert origin.exists(), f"Dockerfile:{step.line}: there is no `{source}` to copy"
            # A folder's content is copied, not the folder; a file goes into a target with a slash.
            goal = stage.path(target)
            if origin.is_file():
                self._copy_file(source_root, origin, goal / origin.name)
                continue
            for file in sorted(one for one in origin.rglob("*") if not one.is_dir()):
                self._copy_file(source_root, file, goal / file.relative_to(origin))

    def _copy_file(self, source_root: Path, source: Path, goal: Path) -> None:
        if source_root == ROOT and self._ignore.leaves_out(source.relative_to(ROOT).as_posix()):
            return
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, goal, follow_symlinks=False)

    def _run(self, stage: Stage, step: Step, words: list[str]) -> None:
        match words:
            case ["python", "-m", "venv", "--without-pip", path]:
                self._shell([str(self._python), *words[1:-1], str(stage.path(path))], stage)
            case ["pip", "--python", python, "install", *flags, "-r", lock]:
                expected = ["--quiet", "--only-binary", ":all:", "--require-hashes", "--no-deps"]
                assert flags == expected, f"Dockerfile:{step.line}: got {flags}"
                assert stage.environment["PIP_NO_CACHE_DIR"] == "1"
                install_lock(stage.path(lock), stage.path(python).parents[1])
            case ["pip", "--python", python, "install", *flags, "."]:
                assert flags == ["--quiet", "--no-build-isolation", "--no-deps"]
                python = str(stage.path(python))
                pip = [sys.executable, "-m", "pip", "--python", python, "install", *flags]
                self._shell([*pip, "--no-index", "--no-cache-dir", "."], stage)
            case ["find", path, "-path", pattern, "-delete"]:
                found = [one for one in stage.path(path).rglob("*") if fnmatch(str(one), pattern)]
                assert found, f"Dockerfile:{step.line}: nothing is called `{pattern}`"
                # What is within goes before its folder, as `-delete` has it.
                for one in sorted(found, reverse=True):
                    one.rmdir() if one.is_dir() and not one.is_symlink() else one.unlink()
            case ["useradd", *_, "--uid", uid, "--no-create-home", name]:
                stage.users[name] = int(uid)
            case ["install", "-d", "-o", owner, "-g", group, path]:
                stage.path(path).mkdir(parents=True)
                assert {owner, group} <= stage.users.keys(), f"Dockerfile:{step.line}: no such user"
                if os.geteuid() == 0:
                    os.chown(stage.path(path), *stand_in())
            case _:
                pytest.fail(f"Dockerfile:{step.line}: `{' '.join(words)}` is not understood")

    def _shell(self, command: list[str], stage: Stage) -> None:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=stage.path("."),
            env=self._environment | {"PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def stand_in() -> tuple[int, int]:
    """Return the user and group that stand for the image's: initdb wants one that exists."""
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def pins(lock: str) -> dict[str, str]:
    """Return what a lock file asks for on this machine, name to version."""
    asked = (
        Requirement(line.removesuffix("\\").strip())
        for line in lock.splitlines()
        if line and not line.startswith((" ", "#"))
    )
    return {
        one.name: str(one.specifier).removeprefix("==")
        for one in asked
        if one.marker is None or one.marker.evaluate()
    }


def install_lock(lock: Path, prefix: Path) -> None:
    """Put what a lock file asks for into a virtual environment, nothing else."""
    (target,) = prefix.glob("lib/python3.*/site-packages")
    for name, version in pins(lock.read_text()).items():
        found = distribution(name)
        assert found.version == version, f"`{name}` is {found.version} here, {lock.name}: {version}"
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            compiled_later = "__pycache__" in file.parts and not source.is_file()
            if ".." in file.parts or compiled_later:
                continue
            goal = target / str(file)
            goal.parent.mkdir(parents=True, exist_ok=True)
            try:
                goal.hardlink_to(source)
            except OSError:  # another file system
                shutil.copy2(source, goal)


def base_python(place: Path) -> tuple[Path, dict[str, str]]:
    """Return a Python that every user may run, and what its loader needs to be told."""
    prefix = Path(sys.base_prefix)
    version = f"python3.{sys.version_info.minor}"
    if all(folder.stat().st_mode & 0o001 for folder in (prefix, *prefix.parents)):
        return prefix / "bin" / version, {}
    unneeded = shutil.ignore_patterns(
        *("site-packages", "test", "tests", "idlelib", "tkinter", "config-*", "*.a")
    )
    shutil.copytree(prefix / "lib" / version, place / "lib" / version, ignore=unneeded)
    for library in prefix.glob("lib/libpython3*.so*"):
        shutil.copy2(library, place / "lib", follow_symlinks=False)
    (place / "bin").mkdir()
    shutil.copy2(prefix / "bin" / version, place / "bin")
    return place / "bin" / version, {"LD_LIBRARY_PATH": str(place / "lib")}


@dataclass(frozen=True, slots=True)
class Image:
    """What the Dockerfile makes. `loader` is what a copied Python needs in its environment."""

    stage: Stage
    loader: Mapping[str, str]
    user: tuple[int, int]


@pytest.fixture
def read() -> Callable[[str], list[Step]]:
    return read_steps


@pytest.fixture
def ignore() -> Callable[[str], Ignore]:
    return Ignore


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    steps = read_steps((ROOT / "Dockerfile").read_text())
    # Not pytest's own folder: only its owner may enter that, and the image's user is another.
    with tempfile.TemporaryDirectory(prefix="dialplan-image-") as name:
        place = Path(name)
        place.chmod(0o755)
        python, loader = base_python(place / "python")
        yield Image(Builder(place, python, loader).build(steps), loader, stand_in())
