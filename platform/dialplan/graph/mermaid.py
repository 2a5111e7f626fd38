"""A picture as Mermaid text, for READMEs and merge requests: GitHub and GitLab draw it. Pure."""

from __future__ import annotations

from dialplan.graph.picture import Box, Picture

# Mermaid reads these inside a quoted label; it has its own entities for them ("Entity codes").
_ENTITIES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "\n": " "}


def mermaid(picture: Picture) -> str:
    """Return a flowchart: a box for each agent with its tools, an arrow for each handoff."""
    lines = ["---", f"title: {_title(picture.title)}", "---", "flowchart TB"]
    lines += [f"    {_id(box.name)}{_label(box)}" for box in picture.boxes]
    lines += [
        f'    {_id(one.source)} -- "{one.number}. {_escaped(one.when)}" --> {_id(one.target)}'
        for one in picture.arrows
    ]
    if picture.after:
        lines.append(f'    after_the_call["after the call: {_escaped(picture.after)}"]')
        lines.append("    style after_the_call stroke-dasharray:4")
    entries = [_id(box.name) for box in picture.boxes if box.entry]
    lines += [f"    style {entry} stroke-width:3px" for entry in entries]
    return "\n".join(lines) + "\n"


def _id(name: str) -> str:
    # `end` and other words are Mermaid's own; no agent can collide behind a prefix.
    return f"agent_{name}"


def _label(box: Box) -> str:
    rows = [f"<b>{box.name}</b>", *(name for name, _kind in box.tools)]
    # A stadium for the agent that answers the call, as flowcharts draw their start.
    opening, closing = ("([", "])") if box.entry else ("[", "]")
    return f'{opening}"{"<br>".join(rows)}"{closing}'


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(letter, letter) for letter in text)


def _title(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{quoted}"'
