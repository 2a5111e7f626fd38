"""A line in another language is told what its callers would hear in English, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dialplan.config.load import load_vertical

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {languages: {default: LANGUAGE}, greeting: "GREETING"}
MORE
agents: {desk: {entry: true, prompt: Help., tools: [TOOLS]}}
"""
ALWAYS = {"still_there", "silence_goodbye", "limit_goodbye"}
PHONE = 'variables: {boss: {type: phone, default: "+34915550199"}}\n'
TRANSFER = "tools: {boss: {description: Put the caller through., builtin: transfer, to: boss}}\n"


def named(
    folder: Path, more: str = "", greeting: str = "Hola.", language: str = "es", tools: str = ""
) -> set[str]:
    folder = folder / "shop"
    folder.mkdir()
    text = SHOP.replace("LANGUAGE", language).replace("GREETING", greeting)
    (folder / "vertical.yaml").write_text(text.replace("MORE", more).replace("TOOLS", tools))
    found = [one for one in load_vertical(folder).warnings if one.code == "W433"]
    return {name for one in found for name in re.findall("`([a-z_]+)`", one.message)} - {language}


def test_english_is_told_nothing(tmp_path: Path) -> None:
    assert named(tmp_path, language="en-GB") == set()


@pytest.mark.parametrize(
    ("more", "tools", "besides"),
    [
        ("", "", {"cannot_take_call"}),
        ("when_unavailable: {say: No., then: hang_up}", "", set()),
        ("when_unavailable: {say: No., then: voicemail}", "", {"leave_message", "message_left"}),
        (f"{PHONE}when_unavailable: {{say: No., then: {{dial: boss}}}}", "", {"cannot_take_call"}),
        (
            f"{PHONE}when_unavailable: {{say: No., then: {{dial: boss, else: voicemail}}}}",
            "",
            {"leave_message", "message_left"},
        ),
        (
            f"{PHONE}{TRANSFER}when_unavailable: {{say: No., then: hang_up}}",
            "boss",
            {"cannot_take_call"},
        ),
    ],
)
def test_only_sentences_that_can_be_heard_are_named(
    tmp_path: Path, more: str, tools: str, besides: set[str]
) -> None:
    assert named(tmp_path, more, tools=tools) == ALWAYS | besides


@pytest.mark.parametrize(
    ("hours", "greeting", "words"),
    [
        ('{mon: "08:00-12:00"}', "Hola.", set()),
        ('{mon: "08:00-12:00"}', "{{ call.hours_today }}", {"open", "span", "closed"}),
        ('{mon: "08:00-12:00"}', "{{ call.next_opening }}", {"today", "tomorrow", "later"}),
        ('{mon-sun: "08:00-24:00"}', "{{ call.hours_today }}", {"open", "span", "midnight"}),
        (
            '{mon-sun: "00:00-24:00", holidays: ES}',
            "{{ call.hours_today }}",
            {"all_day", "holiday"},
        ),
    ],
)
def test_only_words_of_the_hours_that_something_reads_are_named(
    tmp_path: Path, hours: str, greeting: str, words: set[str]
) -> None:
    found = named(tmp_path, f"hours: {hours}", greeting=greeting)

    assert found == ALWAYS | {"cannot_take_call"} | words


def test_a_line_without_hours_is_open_all_day(tmp_path: Path) -> None:
    found = named(tmp_path, greeting="{{ call.hours_today }}")

    assert found == ALWAYS | {"cannot_take_call", "all_day"}
