"""Phone numbers, emails and codes, typed and recognised."""

from __future__ import annotations

import pytest

from dialplan.emulators.rehearsal.phones import find_code, find_email, find_phone


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("(415) 555-0177", "+14155550177"),
        ("five five five oh one oh double seven eight eight", "+15550107788"),
        ("it's plus one 555 010 7788", "+15550107788"),
        ("five, five, five. Zero one, zero four, four, seven, one,", "+15550104471"),
        ("555, oh one oh, 9932", "+15550109932"),
        ("ticket 1042", None),
        ("2026-03-02", None),
    ],
)
def test_phone_numbers_become_e164(said: str, number: str | None) -> None:
    assert find_phone(said) == number


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("Maria@Example.com.", "maria@example.com"),
        ("maria at example dot com", "maria@example.com"),
        ("it's j dot smith at mail dot example dot org", "j.smith@mail.example.org"),
        ("let us meet at noon", None),
    ],
)
def test_emails_may_be_spoken(said: str, address: str | None) -> None:
    assert find_email(said) == address


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("b r four two", "BR42"),
        ("ABC123", "ABC123"),
        ("ten forty two", "1042"),
        ("sorry it's ten forty two", "1042"),
        ("one zero double four", "1044"),
        ("no idea", None),
        ("My number is x, z, four, eight, one, zero,", "XZ4810"),
        ("h m, three three, zero nine one", "HM33091"),
        ("k, seven, four, two", "K742"),
        ("seven, three, zero, five", "7305"),
        ("R. T. two, two, four", "RT224"),
        ("plan a. 5 people", "5"),
        ("I am 45, a lawyer", "45"),
    ],
)
def test_codes_are_joined(said: str, code: str | None) -> None:
    assert find_code(said) == code
