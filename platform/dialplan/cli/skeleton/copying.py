"""The files of a vertical under another name: what a new one may begin with instead of a skeleton.

Only what names it is changed; all else stays as its author wrote it, comments included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

import dialplan
from dialplan.cli.skeleton import scalar
from dialplan.config.bundle import read_bundle
from dialplan.errors import ConfigError

_MAIN = "vertical.yaml"
_SCHEMA = re.compile(
    r"\A# yaml-language-server: \$schema=\S*?(?P<name>[a-z]+\.schema\.json)[ \t]*\r?\n"
)
_RUNG = re.compile(r"(?<=\bdialplan call )\+[0-9]+")
_BUSINESS = ("variables", "business_name", "default")


def shipped() -> Path:
    """Return the folder of the verticals that come with this program."""
    package = Path(dialplan.__file__).parent
    # In the wheel they lie inside the package, in a clone beside `platform`.
    inside = package / "verticals"
    return inside if inside.is_dir() else package.parents[1] / "verticals"


def find(wanted: str, folders: Iterable[Path]) -> Path:
    """Return the folder of a vertical: a path, or the name of one in any of `folders`.

    Raises:
        ConfigError: there is none.
    """
    places = list(folders)
    for place in (Path(), *places):
        if (place / wanted / _MAIN).is_file():
            return place / wanted
    known = sorted({file.parent.name for place in places for file in place.glob(f"*/{_MAIN}")})
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    raise ConfigError(
        f"`{wanted}` is no vertical to begin with: give its folder, or the name of one that is "
        f"there: {listed}"
    )


def copied(
    source: Path,
    name: str,
    *,
    title: str | None,
    greeting: str | None,
    folder: str,
    number: str,
    schemas: bool = False,
) -> dict[str, bytes]:
    """Return every file of the vertical in `source`, by its path, as those of another one.

    Args:
        source: the folder of the vertical.
        name: name of the new one.
        title: its name for people, and of the business; None keeps what is there.
        greeting: the first words of every call; None keeps what is there.
        folder: how its README names the folder.
        number: what its README rings.
        schemas: whether the published schemas lie beside the folder of verticals.

    Raises:
        ConfigError: it cannot be read, or does not say there what is to be changed.
    """
    files = read_bundle(source)
    changes: dict[tuple[str, ...], str] = {("name",): name}
    if title is not None:
        changes |= {("title",): scalar(title), _BUSINESS: scalar(title)}
    if greeting is not None:
        changes["voice", "greeting"] = scalar(greeting)
    was = re.compile(rf"\bverticals/{re.escape(source.resolve().name)}\b")
    made: dict[str, bytes] = {}
    for path, content in files.items():
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            made[path] = content  # a sound or a picture
            continue
        if path == _MAIN:
            text = _changed(text, changes, source / path)
        if (editors := _SCHEMA.match(text)) is not None:
            text = _line(path, editors["name"], schemas) + text[editors.end() :]
        if path.endswith(".md"):
            text = _RUNG.sub(number, text)
            text = re.sub(
                rf"(?<=dialplan knowledge )(\w+) {source.resolve().name}\b", rf"\1 {name}", text
            )
        made[path] = was.sub(lambda _: folder, text).encode("utf-8")
    return made


def _line(path: str, schema: str, there: bool) -> str:
    up = "../" * (path.count("/") + 2)
    return f"# yaml-language-server: $schema={up}schemas/{schema}\n" if there else ""


def _changed(text: str, changes: Mapping[tuple[str, ...], str], file: Path) -> str:
    """Write other values where a file has some; what is around them stays to the letter."""
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"cannot read `{file}`: run `dialplan check` on it") from error
    spans: list[tuple[int, int, str]] = []
    for path, value in changes.items():
        found = _scalar_at(root, path)
        if found is not None:
            spans.append((found.start_mark.index, found.end_mark.index, value))
        elif path != _BUSINESS:
            raise ConfigError(
                f"`{file}` does not say `{'.'.join(path)}` in one line: change it in the copy"
            )
    for start, end, value in sorted(spans, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _scalar_at(node: yaml.Node | None, path: tuple[str, ...]) -> yaml.ScalarNode | None:
    for step in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == step), None)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        return None
    return None if str(node.tag).startswith("!") else node
