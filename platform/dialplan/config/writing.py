"""A vertical written out as one file: nothing short, nothing included, every default filled in.

What is written loads again to the same model. Secrets are names only, as in every vertical.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import yaml

from dialplan.config.files import LONGEST_LINE
from dialplan.config.load import LoadedVertical
from dialplan.model.kinds import after_call_prompt
from dialplan.model.shape import Shape, format_duration
from dialplan.model.vertical import Vertical
from dialplan.model.voice import Hours

_PLAIN = re.compile(r"[A-Za-z].*|[0-9]+(\.[0-9]+)?(ms|s|m|h|d)")
"""Text that cannot be taken for a number or a moment: it may stand without quotes."""

_LONGEST_LINE = LONGEST_LINE // 2
"""The longest line of a block, indented; a file must not have longer ones."""

_SPACED = ("agents", "tools")
"""Keys whose entries are long: an empty line stands between them."""


def resolved(loaded: LoadedVertical, values: Mapping[str, object] | None = None) -> Vertical:
    """Return the vertical with its prompts in place, and `values` as its variables' defaults."""
    vertical = loaded.vertical
    agents = {
        name: agent.model_copy(update={"prompt": loaded.prompts[name] or agent.prompt})
        for name, agent in vertical.agents.items()
    }
    variables = {
        name: variable.model_copy(update={"default": values[name]})
        if values and name in values
        else variable
        for name, variable in vertical.variables.items()
    }
    after, prompt = vertical.after_call, loaded.prompts.get(after_call_prompt())
    if after is not None and prompt:
        after = after.model_copy(update={"prompt": prompt})
    return vertical.model_copy(
        update={"agents": agents, "variables": variables, "after_call": after}
    )


def plain(value: object) -> Any:
    """Return a model as what a file holds: mappings, lists and scalars, in the model's order."""
    match value:
        case Hours():
            return value.model_dump(mode="json")
        case Shape():
            return {
                field.alias or name: plain(getattr(value, name))
                for name, field in type(value).model_fields.items()
                if getattr(value, name) is not None
            }
        case timedelta():
            return format_duration(value)
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case tuple() | list():
            return [plain(inner) for inner in value]
        case _:
            return value


def yaml_of(vertical: Vertical) -> str:
    """Return the text of a `vertical.yaml`; secrets carry a remark instead of a value."""
    data = plain(vertical)
    parts: list[str] = []
    after_long = False
    for key, value in data.items():
        text = _dump({key: value})
        if key == "secrets" and value:
            text = "secrets:\n" + "".join(f"  - {name} # ***\n" for name in value)
        if key in _SPACED and value:
            inner = [_indented(_dump({name: one})) for name, one in value.items()]
            text = f"{key}:\n" + "\n".join(inner)
        long = text.count("\n") > 1
        parts.append(f"\n{text}" if parts and (long or after_long) else text)
        after_long = long
    return "".join(parts)


def _indented(text: str) -> str:
    return re.sub(r"^(?=[^\n])", "  ", text, flags=re.MULTILINE)


class _Writer(yaml.SafeDumper):
    """Writes text of several lines as blocks, and quotes what could be read as something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True

    def choose_scalar_style(self) -> str:
        style = super().choose_scalar_style()
        # A backslash would have to be doubled: patterns are easier to read without.
        if style != "'" or not isinstance(self.event, yaml.ScalarEvent):
            return style
        return style if "\\" in self.event.value else '"'


def _text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else "'"
    if "\n" in text:
        # Quoted text is folded, a line of a block cannot be.
        longest = max(map(len, text.split("\n")))
        style = "|" if longest < _LONGEST_LINE else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def _dump(data: Mapping[str, object]) -> str:
    return yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)
