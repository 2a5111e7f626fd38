"""Files to verticals, tenants and rehearsals, or all of their problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from zoneinfo import available_timezones

from dialplan.config import references
from dialplan.config.bundle import read_bundle, version_of
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.run import lint
from dialplan.config.lint.tenants import lint_tenants
from dialplan.config.problem import Problem, VerticalProblems, did_you_mean, errors_in
from dialplan.config.shape import locate, typed
from dialplan.config.source import Source, Value
from dialplan.errors import ConfigError
from dialplan.model.conversation import Conversation
from dialplan.model.rehearsal import Rehearsal
from dialplan.model.shape import PHONE, Shape
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical

_Kind = TypeVar("_Kind", bound=Shape)
_PROMPT_FILE = re.compile(r"[\w./-]+\.(md|txt)")


@dataclass(frozen=True, slots=True)
class LoadedVertical:
    """A vertical that may be served, with what its files hold.

    Attributes:
        version: hash of the content of all its files.
        prompts: instructions of each agent, templates still.
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


def load_vertical(folder: Path) -> LoadedVertical:
    """Load `vertical.yaml` of a folder; all problems at once as `VerticalProblems`."""
    source = Source(folder)
    root = source.load("vertical.yaml")
    vertical = typed(source, root, Vertical) if root is not None else None
    if root is None or vertical is None:
        raise VerticalProblems(source.problems)
    prompts = _prompts(source, root, vertical)
    _files_named(source, root, vertical)
    references.check(source, root, vertical, prompts)
    lint(source, root, vertical, prompts)
    _defaults(source, root, vertical)
    if errors_in(source.problems):
        raise VerticalProblems(source.problems)
    files = read_bundle(folder)
    warnings = tuple(sorted(source.problems))
    return LoadedVertical(vertical, version_of(files), prompts, folder, warnings, files)


def load_all(folder: Path) -> dict[str, LoadedVertical]:
    """Load every vertical of a folder, all problems of all files at once.

    Raises:
        ConfigError: the folder holds no vertical.
        VerticalProblems: a vertical has errors.
    """
    loaded: dict[str, LoadedVertical] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob("*/vertical.yaml")):
        try:
            one = load_vertical(file.parent)
        except VerticalProblems as exc:
            problems += exc.problems
        else:
            loaded[one.vertical.name] = one
    if problems:
        raise VerticalProblems(problems)
    if not loaded:
        raise ConfigError(f"`{folder}` holds no vertical: expected NAME/vertical.yaml in it")
    return loaded


def load_tenants(path: Path, verticals: Iterable[Vertical]) -> Tenants:
    """Load `tenants.yaml`, checked against the verticals that exist."""
    return check_tenants(path, verticals)[0]


def check_tenants(path: Path, verticals: Iterable[Vertical]) -> tuple[Tenants, tuple[Problem, ...]]:
    """Load `tenants.yaml`, with the problems that do not stop it."""
    verticals = list(verticals)
    source = Source(path.parent)
    root = source.load(path.name)
    tenants = typed(source, root, Tenants) if root is not None else None
    if root is None or tenants is None:
        raise VerticalProblems(source.problems)
    _check_tenants(source, root, tenants, {one.name: one for one in verticals})
    if errors_in(source.problems):
        raise VerticalProblems(source.problems)
    lint_tenants(Notes(source, root), tenants, {one.name: one for one in verticals})
    return tenants, tuple(sorted(source.problems))


def read_tenants(path: Path) -> Tenants:
    """Load `tenants.yaml` for its own sake, whatever verticals there are."""
    return _load(path.parent, path.name, Tenants)


def load_conversation(folder: Path, name: str) -> Conversation:
    """Load one conversation of a vertical's folder."""
    return _load(folder, name, Conversation)


def load_rehearsal(folder: Path, name: str) -> Rehearsal:
    """Load the emulated routes of a service from a vertical's folder."""
    return _load(folder, name, Rehearsal)


def _load(folder: Path, name: str, kind: type[_Kind]) -> _Kind:
    source = Source(folder)
    root = source.load(name)
    made = typed(source, root, kind) if root is not None else None
    if made is None or errors_in(source.problems):
        raise VerticalProblems(source.problems)
    return made


def _prompts(source: Source, root: Value, vertical: Vertical) -> dict[str, str]:
    prompts: dict[str, str] = {}
    for name, agent in vertical.agents.items():
        if not _PROMPT_FILE.fullmatch(agent.prompt):
            prompts[name] = agent.prompt
            continue
        place, _ = locate(root, ("agents", name, "prompt"))
        text = source.text(agent.prompt, place)
        if text is not None:
            prompts[name] = text.strip()
    return prompts


def _files_named(source: Source, root: Value, vertical: Vertical) -> None:
    for name, endpoint in vertical.endpoints.items():
        if endpoint.rehearsal is None:
            continue
        inner = Source(source.folder)
        place, path = locate(root, ("endpoints", name, "rehearsal"))
        if not (source.folder / endpoint.rehearsal).is_file():
            source.problem(
                place, "E108", f"cannot read `{endpoint.rehearsal}`: no such file", "", path
            )
            continue
        values = inner.load(endpoint.rehearsal)
        if values is not None:
            typed(inner, values, Rehearsal)
        source.problems += inner.problems
    seed = vertical.database.seed
    if seed is not None and not (source.folder / seed).is_file():
        place, path = locate(root, ("database", "seed"))
        source.problem(place, "E108", f"cannot read `{seed}`: no such file", "", path)


def _defaults(source: Source, root: Value, vertical: Vertical) -> None:
    for name, variable in vertical.variables.items():
        fault = misfit(variable.type, variable.default)
        if variable.default is not None and fault:
            place, path = locate(root, ("variables", name, "default"))
            source.problem(place, "E311", fault, path=path)


def misfit(wanted: str, value: object) -> str:
    """What is wrong with the value of a variable, or nothing."""
    match wanted:
        case "phone":
            fits = isinstance(value, str) and re.match(PHONE, value) is not None
            expected = "a phone number such as `+15550100001`"
        case "timezone":
            fits, expected = value in available_timezones(), "a time zone such as `America/Chicago`"
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
            expected = "a whole number"
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            expected = "a number"
        case "boolean":
            fits, expected = isinstance(value, bool), "`true` or `false`"
        case _:
            return ""
    return "" if fits else f"expected {expected}, got `{value}`"


def _check_tenants(
    source: Source, root: Value, tenants: Tenants, verticals: Mapping[str, Vertical]
) -> None:
    for name in tenants.canary:
        if name not in verticals:
            place, path = locate(root, ("canary", name), key=True)
            hint = did_you_mean(name, verticals)
            source.problem(place, "E312", f"no vertical named `{name}`", hint, path)
    owners: dict[str, str] = {}
    for name, tenant in tenants.tenants.items():
        at = ("tenants", name)
        mine: list[Vertical] = []
        for number, vertical in tenant.lines.items():
            place, path = locate(root, (*at, "lines", number))
            if vertical not in verticals:
                hint = did_you_mean(vertical, verticals)
                source.problem(place, "E312", f"no vertical named `{vertical}`", hint, path)
            else:
                mine.append(verticals[vertical])
            if number in owners:
                place, path = locate(root, (*at, "lines", number), key=True)
                message = f"`{number}` already belongs to `{owners[number]}`"
                source.problem(place, "E313", message, path=path)
            owners.setdefault(number, name)
        _check_values(source, root, at, name, tenants, mine)


def _check_values(
    source: Source,
    root: Value,
    at: tuple[str, ...],
    name: str,
    tenants: Tenants,
    mine: list[Vertical],
) -> None:
    tenant = tenants.tenants[name]
    known = {key: variable for vertical in mine for key, variable in vertical.variables.items()}
    for key, value in tenant.variables.items():
        place, path = locate(root, (*at, "variables", key), key=True)
        if key not in known:
            hint = did_you_mean(key, known)
            source.problem(place, "E303", f"no variable named `{key}` in its verticals", hint, path)
        elif fault := misfit(known[key].type, value):
            source.problem(locate(root, (*at, "variables", key))[0], "E311", fault, path=path)
    place, path = locate(root, at, key=True)
    for key, variable in known.items():
        if variable.default is None and key not in tenant.variables:
            source.problem(place, "E314", f"variable `{key}` has no value", path=path)
    for secret in sorted({one for vertical in mine for one in vertical.secrets}):
        if secret not in tenant.secrets:
            hint = f"add `secrets: {{{secret}: env:NAME}}`"
            source.problem(place, "W404", f"secret `{secret}` has no value", hint, path)
