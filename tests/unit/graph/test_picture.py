from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from dialplan.config.load import load_vertical
from dialplan.graph.mermaid import mermaid
from dialplan.graph.picture import Arrow, Box, Picture, picture_of
from dialplan.graph.svg import svg

CLINIC = Path(__file__).parents[3] / "verticals" / "healthcare"
SVG = "{http://www.w3.org/2000/svg}"

ODD = Picture(
    'Ben & "Jo" <salon>',
    (Box("end", True, ()), Box("till", False, (("pay", "http"),))),
    (Arrow(1, "end", "till", 'Says "pay" & <leaves> #1'), Arrow(2, "till", "till", "x")),
    "reads intent, follow_up, then 2 sends",
)


def texts(drawn: str) -> str:
    # Our own output, made a line above.
    return " ".join(ET.fromstring(drawn).itertext())  # noqa: S314


def test_the_entry_agent_comes_first_and_every_handoff_has_its_number() -> None:
    picture = picture_of(load_vertical(CLINIC).vertical)

    assert picture.boxes[0].entry
    assert [arrow.number for arrow in picture.arrows] == list(range(1, len(picture.arrows) + 1))
    assert dict(picture.boxes[0].tools)["transfer_to_nurse"] == "transfer"


def test_mermaid_has_a_node_for_each_agent_and_an_arrow_for_each_handoff() -> None:
    picture = picture_of(load_vertical(CLINIC).vertical)

    drawn = mermaid(picture)

    assert len(re.findall(r" -- \"\d+\. ", drawn)) == len(picture.arrows)
    for box in picture.boxes:
        assert f"<b>{box.name}</b>" in drawn


def test_mermaid_escapes_what_it_would_read_as_its_own() -> None:
    drawn = mermaid(ODD)

    assert '"1. Says #quot;pay#quot; & #lt;leaves#gt; #35;1"' in drawn
    assert 'title: "Ben & \\"Jo\\" <salon>"' in drawn
    assert "agent_end" in drawn


def test_the_drawing_is_well_formed_and_says_every_agent_tool_and_reason() -> None:
    picture = picture_of(load_vertical(CLINIC).vertical)

    said = texts(svg(picture))

    for box in picture.boxes:
        assert box.name in said
        assert all(name in said for name, _kind in box.tools)
    assert all(arrow.when in said for arrow in picture.arrows)


def test_boxes_of_the_drawing_do_not_overlap() -> None:
    root = ET.fromstring(svg(picture_of(load_vertical(CLINIC).vertical)))  # noqa: S314
    boxes = []
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None:
            x, y = map(float, re.findall(r"-?[\d.]+", group.attrib["transform"]))
            boxes.append((x, y, float(rect.attrib["width"]), float(rect.attrib["height"])))

    assert len(boxes) == 4
    for one in boxes:
        for other in boxes:
            if one is not other:
                apart_x = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
                apart_y = one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
                assert apart_x or apart_y


def test_markup_in_a_title_or_reason_is_text_in_the_drawing() -> None:
    said = texts(svg(ODD))

    assert 'Ben & "Jo" <salon>' in said
    assert "<leaves>" in said
    assert "no tools" in said


def test_an_agent_alone_is_drawn_too() -> None:
    assert "solo" in texts(svg(Picture("One", (Box("solo", True, ()),), ())))


def test_what_is_done_after_the_call_is_one_line_of_every_drawing() -> None:
    assert 'after_the_call["after the call: reads intent, follow_up, then 2 sends"]' in mermaid(ODD)
    assert "reads intent, follow_up, then 2 sends" in texts(svg(ODD))

    without = replace(ODD, after="")
    assert "after" not in mermaid(without)
    assert "After the call" not in svg(without)
