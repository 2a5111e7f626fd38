"""What is written becomes what is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.speech.spoken import as_spoken, say_number, say_ordinal, say_year


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("See you at 9:30 AM.", "See you at nine thirty A M."),
        ("At 14:05?", "At two oh five P M?"),
        ("Open 9am-5pm", "Open nine A M to five P M"),
        ("8 a.m.\u20135 p.m.", "eight A M to five P M."),
        ("at 9:00", "at nine o'clock"),
        ("at 12:00 p.m. tomorrow", "at twelve P M tomorrow"),
        ("on 2026-11-24", "on November twenty fourth, twenty twenty six"),
        ("on Nov. 3 or 12/5/2026", "on November third or December fifth, twenty twenty six"),
        ("May 1st", "May first"),
        ("the 22nd", "the twenty second"),
        ("It is $1,250.50.", "It is one thousand two hundred fifty dollars and fifty cents."),
        ("only $1", "only one dollar"),
        ("$0.05", "five cents"),
        ("Call (555) 123-4567.", "Call five five five, one two three, four five six seven."),
        ("+15551234567", "five five five, one two three, four five six seven"),
        ("555 010 0142.", "five five five, zero one zero, zero one four two."),
        ("room 555 010 or 12", "room five hundred fifty five zero one zero or twelve"),
        ("555-0100", "five five five, zero one zero zero"),
        ("Dr. Ruiz and Mrs. Lee", "doctor Ruiz and missus Lee"),
        ("Dr Ruiz", "doctor Ruiz"),
        ("12 Main St. near St. Mary", "twelve Main street near saint Mary"),
        ("30 min, 2 hrs", "thirty minutes, two hours"),
        ("20% of 1,000", "twenty percent of one thousand"),
        ("3.14", "three point one four"),
        ("room 007", "room zero zero seven"),
        ("code A7-X2", "code A seven X two"),
        ("in 1999", "in nineteen ninety nine"),
        ("9-5", "nine to five"),
        ("ann.lee@mail.com", "ann dot lee at mail dot com"),
        ("**Great**, that\u2019s `done`", "Great, that's done"),
        ("Smith & Sons \u2014 hello", "Smith and Sons, hello"),
        ("the U.S. office", "the U S. office"),
        ("10:00-11:30, 12-1:30 PM", "ten o'clock to eleven thirty, twelve to one thirty P M"),
        ("Mon-Fri; Sat. by phone", "Monday to Friday; Saturday by phone"),
        ("I sat. The sun.", "I sat. The sun."),
        (
            "$10-$20 or $1.5 million",
            "ten dollars to twenty dollars or one point five million dollars",
        ),
        ("$45/hour", "forty five dollars per hour"),
        ("Your code is 4821", "Your code is four eight two one"),
        ("zip 94107, dial 911", "zip nine four one zero seven, dial nine one one"),
        ("COVID-19", "COVID nineteen"),
        ("5 p.m. Thanks", "five P M. Thanks"),
        ("", ""),
        ("?!", "?"),
    ],
)
def test_written_forms_are_said_as_people_say_them(written: str, spoken: str) -> None:
    assert as_spoken(written) == spoken


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (15, "fifteen"),
        (40, "forty"),
        (101, "one hundred one"),
        (2_000_013, "two million thirteen"),
        (-7, "minus seven"),
    ],
)
def test_numbers(number: int, said: str) -> None:
    assert say_number(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "first"), (12, "twelfth"), (20, "twentieth"), (31, "thirty first")]
)
def test_ordinals(number: int, said: str) -> None:
    assert say_ordinal(number) == said


@pytest.mark.parametrize(
    ("year", "said"),
    [(1900, "nineteen hundred"), (2005, "two thousand five"), (2026, "twenty twenty six")],
)
def test_years(year: int, said: str) -> None:
    assert say_year(year) == said


@given(st.text())
def test_whatever_is_written_only_words_and_melody_remain(text: str) -> None:
    spoken = as_spoken(text)

    assert re.fullmatch(r"[A-Za-z\u00c0-\u024f',.?!;: ]*", spoken)
