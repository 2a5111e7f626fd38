"""The files that a new vertical begins with, made from those beside this module.

They are YAML and Markdown as they will stand, but for `<<names>>`: their own templates are Jinja.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

GREETING = "Thank you for calling {{ business_name }}. How can I help?"
_PLACE = re.compile(r"<<(\w+)>>")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 '.-]*")


def skeleton(
    name: str, *, title: str, greeting: str, folder: str, schemas: bool = False
) -> dict[str, str]:
    """Return the text of each file, by its path inside the vertical's folder.

    Args:
        name: name of the vertical.
        title: its name for people.
        greeting: the first words of every call, a template.
        folder: how its README names the folder.
        schemas: whether the published schemas lie beside the folder of verticals.
    """
    values = {
        "name": name,
        "title": scalar(title),
        "greeting": scalar(greeting),
        "heading": title,
        "folder": folder,
    }
    return {
        path: (_schema(path) if schemas else "") + _filled(text, values)
        for path, text in _texts(files(__name__) / "files", "")
    }


def scalar(text: str) -> str:
    """Return text as a YAML scalar that means exactly this text, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text == text.strip() and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)


def _schema(path: str) -> str:
    """Return the line from which an editor knows what may stand in a file."""
    folder = path.rpartition("/")[0]
    kind = {"": "vertical", "conversations": "conversation"}.get(folder)
    if kind is None or not path.endswith(".yaml"):
        return ""
    up = "../" * (path.count("/") + 2)
    return f"# yaml-language-server: $schema={up}schemas/{kind}.schema.json\n"


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], text)


def _texts(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for one in sorted(folder.iterdir(), key=lambda each: each.name):
        inside = f"{path}{one.name}"
        if one.is_dir():
            yield from _texts(one, f"{inside}/")
        else:
            yield inside, one.read_text(encoding="utf-8")
