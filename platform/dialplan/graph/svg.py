"""A picture as one SVG file that stands alone, in light and dark. Pure.

Where things go is graphlay's work; what they look like is said here.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import graphlay

from dialplan.graph.picture import Arrow, Box, Picture

# Sizes are pixels. The width of a letter is a generous guess: an SVG cannot measure its font.
BOX_WIDTH = 230
TITLE_HEIGHT = 34
ROW_HEIGHT = 19
PADDING = 10
BADGE = 22
MARGIN = 28
LEGEND_ROW = 17
LEGEND_LETTERS = 74
LEGEND_WIDTH = 620

_STYLE = """
  svg { font-family: system-ui, sans-serif; --ink: #1c2733; --soft: #5d6b7a; --line: #93a1b0;
        --paper: #ffffff; --box: #f6f8fa; --accent: #0b6e99; --on-accent: #ffffff }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --soft: #9aa7b4; --line: #5d6b7a; --paper: #11161c; --box: #1b222b;
          --accent: #5cb8de; --on-accent: #0d1117 } }
  .paper { fill: var(--paper) }
  .box { fill: var(--box); stroke: var(--line); stroke-width: 1.2 }
  .entry { stroke: var(--accent); stroke-width: 2.4 }
  .name { fill: var(--ink); font-size: 15px; font-weight: 600 }
  .tool { fill: var(--ink); font-size: 12px }
  .kind, .note { fill: var(--soft); font-size: 11px }
  .title { fill: var(--ink); font-size: 18px; font-weight: 600 }
  .reason { fill: var(--ink); font-size: 13px }
  .arrow { fill: none; stroke: var(--soft); stroke-width: 1.6 }
  .head { fill: var(--soft) }
  .badge { fill: var(--paper); stroke: var(--soft) }
  .number { fill: var(--ink); font-size: 11px; font-weight: 600; text-anchor: middle }
"""


@dataclass(frozen=True, slots=True)
class _Point:
    x: float
    y: float


def svg(picture: Picture) -> str:
    """Return the drawing: agents with their tools, numbered handoffs, and their reasons below."""
    corners, routes, size = _arranged(picture)
    header = MARGIN + 40
    legend_top = header + size.y + MARGIN + 16
    legend, legend_height = _legend(picture.arrows, legend_top)
    if picture.after:
        after, after_height = _after(picture.after, legend_top + legend_height)
        legend, legend_height = [*legend, *after], legend_height + after_height
    width = max(size.x, LEGEND_WIDTH) + 2 * MARGIN
    height = legend_top + legend_height + MARGIN
    shift = (width - size.x) / 2
    drawn = [
        *(_arrow(one, route) for one, route in zip(picture.arrows, routes, strict=True)),
        *(_box(box, corner) for box, corner in zip(picture.boxes, corners, strict=True)),
        *(_badge(one, route) for one, route in zip(picture.arrows, routes, strict=True)),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(picture.title)}: agents, tools and handoffs</title>",
            f"<style>{_STYLE}</style>",
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
            ' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
            '<path class="head" d="M0 0 8 4 0 8z"/></marker>',
            '<rect class="paper" width="100%" height="100%"/>',
            f'<text class="title" x="{MARGIN}" y="{MARGIN + 12}">{escape(picture.title)}</text>',
            f'<g transform="translate({shift:.1f} {header})">',
            *drawn,
            "</g>",
            *legend,
            "</svg>",
            "",
        ]
    )


def _arranged(picture: Picture) -> tuple[list[_Point], list[list[_Point]], _Point]:
    """Return the top left corner of each box, the way of each arrow, and the size of it all."""
    graph = graphlay.Graph()
    for box in picture.boxes:
        graph.node(box.name, width=BOX_WIDTH, height=_height(box))
    badge = {"width": BADGE, "height": BADGE}
    for arrow in picture.arrows:
        graph.edge(arrow.source, arrow.target, label_size=badge)
    made = graphlay.layout(
        graph, options={"direction": "topbottom", "spacing": {"layer_gap": 76.0, "port_gap": 30.0}}
    )
    low, high = made.bounds["min"], made.bounds["max"]
    corners = [
        _Point(
            node["center"]["x"] - BOX_WIDTH / 2 - low["x"],
            node["center"]["y"] - _height(box) / 2 - low["y"],
        )
        for box, node in zip(picture.boxes, made.nodes, strict=True)
    ]
    routes = [
        [_Point(point["x"] - low["x"], point["y"] - low["y"]) for point in edge["points"]]
        for edge in made.edges
    ]
    return corners, routes, _Point(high["x"] - low["x"], high["y"] - low["y"])


def _height(box: Box) -> int:
    return TITLE_HEIGHT + max(1, len(box.tools)) * ROW_HEIGHT + PADDING


def _box(box: Box, corner: _Point) -> str:
    entry = " entry" if box.entry else ""
    rows = [
        f'<text class="tool" x="{PADDING}" y="{TITLE_HEIGHT + 12 + row * ROW_HEIGHT}">'
        f"{escape(name)}</text>"
        f'<text class="kind" text-anchor="end" x="{BOX_WIDTH - PADDING}"'
        f' y="{TITLE_HEIGHT + 12 + row * ROW_HEIGHT}">{escape(kind)}</text>'
        for row, (name, kind) in enumerate(box.tools)
    ] or [f'<text class="note" x="{PADDING}" y="{TITLE_HEIGHT + 12}">no tools</text>']
    answers = (
        f'<text class="kind" text-anchor="end" x="{BOX_WIDTH - PADDING}" y="22">'
        "answers the call</text>"
        if box.entry
        else ""
    )
    return (
        f'<g transform="translate({corner.x:.1f} {corner.y:.1f})">'
        f'<rect class="box{entry}" width="{BOX_WIDTH}" height="{_height(box)}" rx="8"/>'
        f'<text class="name" x="{PADDING}" y="22">{escape(box.name)}</text>{answers}'
        f"{''.join(rows)}</g>"
    )


def _arrow(arrow: Arrow, route: list[_Point]) -> str:
    path = " ".join(f"{point.x:.1f},{point.y:.1f}" for point in route)
    told = escape(f"{arrow.source} to {arrow.target}: {arrow.when}")
    return (
        f'<polyline class="arrow" marker-end="url(#head)" points="{path}">'
        f"<title>{told}</title></polyline>"
    )


def _badge(arrow: Arrow, route: list[_Point]) -> str:
    middle = _middle(route)
    return (
        f'<circle class="badge" cx="{middle.x:.1f}" cy="{middle.y:.1f}" r="{BADGE / 2 - 1:g}"/>'
        f'<text class="number" x="{middle.x:.1f}" y="{middle.y + 4:.1f}">{arrow.number}</text>'
    )


def _middle(route: list[_Point]) -> _Point:
    """Return the middle of the longest straight stretch: there is room beside it."""
    start, end = max(pairwise(route), key=lambda pair: _length(*pair))
    return _Point((start.x + end.x) / 2, (start.y + end.y) / 2)


def _length(start: _Point, end: _Point) -> float:
    return abs(start.x - end.x) + abs(start.y - end.y)


def _legend(arrows: tuple[Arrow, ...], top: float) -> tuple[list[str], float]:
    lines: list[str] = []
    y = top
    for arrow in arrows:
        lines.append(
            f'<text class="reason" x="{MARGIN}" y="{y:.0f}">'
            f'<tspan font-weight="600">{arrow.number}</tspan>'
            f'<tspan x="{MARGIN + 28}">{escape(arrow.source)} → {escape(arrow.target)}</tspan>'
            "</text>"
        )
        for part in textwrap.wrap(arrow.when, LEGEND_LETTERS) or [""]:
            y += LEGEND_ROW
            lines.append(f'<text class="note" x="{MARGIN + 28}" y="{y:.0f}">{escape(part)}</text>')
        y += LEGEND_ROW + 6
    return lines, y - top


def _after(told: str, top: float) -> tuple[list[str], float]:
    lines = [f'<text class="reason" x="{MARGIN}" y="{top:.0f}">After the call</text>']
    y = top
    for part in textwrap.wrap(told, LEGEND_LETTERS):
        y += LEGEND_ROW
        lines.append(f'<text class="note" x="{MARGIN + 28}" y="{y:.0f}">{escape(part)}</text>')
    return lines, y - top + LEGEND_ROW
