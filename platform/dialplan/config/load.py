"""Files to verticals, tenants, conversations and rehearsals, or all of their problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from dialplan.config import call_fields, conversations, parameters, references, tenants
from dialplan.config.bundle import read_bundle, version_of
from dialplan.config.conversations import LoadedConversation
from dialplan.config.knowledge import check_knowledge
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.run import lint
from dialplan.config.lint.tenants import lint_tenants
from dialplan.config.problem import Problem, VerticalProblems, errors_in
from dialplan.config.seeds import load_seed
from dialplan.config.shape import Typed, typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate, outline
from dialplan.errors import ConfigError
from dialplan.model.conversation import Conversation
from dialplan.model.kinds import after_call_prompt, specialist_prompt
from dialplan.model.rehearsal import Rehearsal
from dialplan.model.retrieval import Retrieval
from dialplan.model.shape import Shape
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical

_Kind = TypeVar("_Kind", bound=Shape)
_PROMPT_FILE = re.compile(r"[\w./-]+\.(md|txt)")
_ANY_DAY = date(2026, 1, 5)
"""Whether a seed fits its tables is the same on every day."""


@dataclass(frozen=True, slots=True)
class LoadedVertical:
    """A vertical that may be served, with what its files hold.

    Attributes:
        version: hash of the content of all its files.
        prompts: instructions of each agent and specialist, and of who reads a call that is over;
            templates still.
        folder: where its files are.
        warnings: problems that do not stop it.
        files: all its files, by their path inside the folder.
    """

    vertical: Vertical
    version: str
    prompts: Mapping[str, str]
    folder: Path
    warnings: tuple[Problem, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> tuple[str, str]:
        """Name and version: however often its files are read, it says the same."""
        return self.vertical.name, self.version


@dataclass(frozen=True, slots=True)
class Reading:
    """A vertical as far as it can be read.

    Attributes:
        made: its content, with the holes that its problems made; nothing when none is left.
        loaded: the same, when nothing stops it from being served.
    """

    problems: tuple[Problem, ...]
    made: Typed[Vertical] | None = None
    loaded: LoadedVertical | None = None


def read_vertical(folder: Path) -> Reading:
    """Read `vertical.yaml` of a folder and what it names, as far as possible."""
    source = Source(folder)
    root = source.load("vertical.yaml")
    made = typed(source, root, Vertical) if root is not None else None
    if made is None:
        return Reading(tuple(sorted(source.problems)))
    prompts = _prompts(source, made)
    _files_named(source, made)
    references.check(source, made, prompts)
    call_fields.check(source, made)
    parameters.check(source, made)
    lint(source, made, prompts)
    tenants.check_defaults(source, made)
    files: Mapping[str, bytes] | None = None
    if made.content.knowledge:
        files = read_bundle(folder)
        check_knowledge(source, made, files)
    problems = tuple(sorted(source.problems))
    if errors_in(problems) or made.holes:
        return Reading(problems, made)
    files = read_bundle(folder) if files is None else files
    loaded = LoadedVertical(made.content, version_of(files), prompts, folder, problems, files)
    return Reading(problems, made, loaded)


def load_vertical(folder: Path) -> LoadedVertical:
    """Load `vertical.yaml` of a folder; all problems at once as `VerticalProblems`."""
    reading = read_vertical(folder)
    if reading.loaded is None:
        raise VerticalProblems(reading.problems)
    return reading.loaded


def load_all(folder: Path) -> dict[str, LoadedVertical]:
    """Load every vertical of a folder, all problems of all files at once.

    Raises:
        ConfigError: the folder holds no vertical.
        VerticalProblems: a vertical has errors.
    """
    loaded: dict[str, LoadedVertical] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob("*/vertical.yaml")):
        reading = read_vertical(file.parent)
        if reading.loaded is None:
            problems += reading.problems
        else:
            loaded[reading.loaded.vertical.name] = reading.loaded
    if problems:
        raise VerticalProblems(problems)
    if not loaded:
        raise ConfigError(f"`{folder}` holds no vertical: expected NAME/vertical.yaml in it")
    return loaded


def check_vertical(folder: Path) -> Reading:
    """Read a vertical with everything in its folder: its conversations and its seed too."""
    reading = read_vertical(folder)
    made = reading.made
    if made is None:
        return reading
    problems = [*reading.problems, *conversations.read(folder, made)[1]]
    database = made.content.database
    if database.seed is not None and not made.lost("database"):
        try:
            load_seed(folder, database.seed, database, today=_ANY_DAY, zone=ZoneInfo("UTC"))
        except VerticalProblems as found:
            problems += found.problems
    return Reading(tuple(problems), made, reading.loaded)


def load_tenants(path: Path, verticals: Iterable[Vertical]) -> Tenants:
    """Load `tenants.yaml`, checked against the verticals that exist."""
    made, problems = check_tenants(path, [_whole(one) for one in verticals])
    if made is None or errors_in(problems):
        raise VerticalProblems(problems)
    return made.content


def check_tenants(
    path: Path, verticals: Iterable[Typed[Vertical]]
) -> tuple[Typed[Tenants] | None, tuple[Problem, ...]]:
    """Read `tenants.yaml` as far as possible, with its problems."""
    source = Source(path.parent)
    root = source.load(path.name)
    made = typed(source, root, Tenants) if root is not None else None
    if made is not None:
        verticals = list(verticals)
        tenants.check(source, made, verticals)
        if not made.holes and not errors_in(source.problems):
            whole = {one.content.name: one.content for one in verticals if not one.holes}
            lint_tenants(Notes(source, made), made.content, whole)
    return made, tuple(sorted(source.problems))


def read_tenants(path: Path) -> Tenants:
    """Load `tenants.yaml` for its own sake, whatever verticals there are."""
    return _load(path.parent, path.name, Tenants)


def load_conversation(folder: Path, name: str) -> Conversation:
    """Load one conversation of a vertical's folder."""
    return _load(folder, name, Conversation)


def load_conversations(loaded: LoadedVertical) -> dict[str, LoadedConversation]:
    """All conversations of a vertical, by file name inside its folder, in order.

    Raises:
        VerticalProblems: some have errors; all of them are in it.
    """
    found, problems = conversations.read(loaded.folder, _whole(loaded.vertical))
    if errors_in(problems):
        raise VerticalProblems(problems)
    return found


def load_retrieval(folder: Path, name: str) -> Retrieval:
    """Load the retrieval test set of a collection from a vertical's folder."""
    return _load(folder, name, Retrieval)


def load_rehearsal(folder: Path, name: str) -> Rehearsal:
    """Load the emulated routes of a service from a vertical's folder."""
    return _load(folder, name, Rehearsal)


def _whole(vertical: Vertical) -> Typed[Vertical]:
    """A vertical that was loaded without errors, as a file of which nothing is broken."""
    return Typed(vertical, outline(vertical.model_dump(mode="json", exclude_none=True)))


def _load(folder: Path, name: str, kind: type[_Kind]) -> _Kind:
    source = Source(folder)
    root = source.load(name)
    made = typed(source, root, kind) if root is not None else None
    if made is None or errors_in(source.problems):
        raise VerticalProblems(source.problems)
    return made.content


def _prompts(source: Source, made: Typed[Vertical]) -> dict[str, str]:
    prompts: dict[str, str] = {}
    agents = made.content.agents.items()
    written: list[tuple[str, Steps, str]] = [
        (name, ("agents", name, "prompt"), agent.prompt) for name, agent in agents
    ]
    for name, tool in made.content.tools.items():
        if tool.specialist is not None:
            place = ("tools", name, "specialist", "prompt")
            written.append((specialist_prompt(name), place, tool.specialist.prompt))
    after = made.content.after_call
    if after is not None and after.prompt is not None:
        written.append((after_call_prompt(), ("after_call", "prompt"), after.prompt))
    for name, steps, prompt in written:
        if made.unsure(*steps):
            continue
        if not _PROMPT_FILE.fullmatch(prompt):
            prompts[name] = prompt
            continue
        text = source.text(prompt, locate(made.root, steps)[0])
        if text is not None:
            prompts[name] = text.strip()
    return prompts


def _files_named(source: Source, made: Typed[Vertical]) -> None:
    vertical = made.content
    for name, endpoint in vertical.endpoints.items():
        steps = ("endpoints", name, "rehearsal")
        if endpoint.rehearsal is None or not _is_there(source, made, endpoint.rehearsal, steps):
            continue
        inner = Source(source.folder)
        values = inner.load(endpoint.rehearsal)
        if values is not None:
            typed(inner, values, Rehearsal)
        source.problems += inner.problems
    if vertical.database.seed is not None:
        _is_there(source, made, vertical.database.seed, ("database", "seed"))


def _is_there(source: Source, made: Typed[Vertical], name: str, steps: Steps) -> bool:
    there = (source.folder / name).is_file()
    if not there and not made.unsure(*steps):
        place, path = locate(made.root, steps)
        source.problem(place, "E108", f"cannot read `{name}`: no such file", "", path)
    return there
