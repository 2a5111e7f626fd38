from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.cli.skeleton.binding import free_number, owners, with_line
from dialplan.config.load import read_tenants

NEW = '  shop:\n    lines: {"+15550100001": shop}\n'


def test_without_a_file_one_is_begun(tmp_path: Path) -> None:
    text = with_line(None, "shop", "+15550100001")

    assert text is not None
    (tmp_path / "tenants.yaml").write_text(text)
    assert owners(read_tenants(tmp_path / "tenants.yaml")) == {"+15550100001": "shop"}


@pytest.mark.parametrize(
    "text",
    [
        'tenants:\n  a:\n    lines: {"+15550100009": x}\n',
        '# Ours.\ntenants: # all\n  a: # the first\n    lines: {"+15550100009": x} # here\n# end\n',
        '---\ntenants:\n  a: {lines: {"+15550100009": x}}\n\n\n',
        'tenants:\n  a: &it\n    lines: {"+15550100009": x}\n    variables: {say: "a: #b"}\n',
    ],
)
def test_what_was_written_stays_to_the_letter(text: str) -> None:
    assert with_line(text, "shop", "+15550100001") == text + NEW


def test_the_last_line_may_lack_its_end() -> None:
    text = 'tenants:\n  a:\n    lines: {"+15550100009": x}'

    assert with_line(text, "shop", "+15550100001") == f"{text}\n{NEW}"


def test_the_indentation_of_the_file_is_kept() -> None:
    text = 'tenants:\n    a:\n        lines: {"+15550100009": x}\n'

    after = with_line(text, "shop", "+15550100001")

    assert after == f'{text}    shop:\n        lines: {{"+15550100001": shop}}\n'


@pytest.mark.parametrize(
    "text",
    [
        "tenants: {}\n",
        'tenants: {a: {lines: {"+15550100009": x}}}\n',
        '{"tenants": {"a": {"lines": {"+15550100009": "x"}}}}\n',
        'tenants:\n  shop:\n    lines: {"+15550100009": x}\n',
        'tenants:\n  a:\n    lines: {"+15550100009": x}\n...\n',
        'tenants:\n  a:\n    lines:\n      "+15550100009": x\n    variables: {b: "c\n',
        'tenants:\n  a:\n    lines: {"+15550100009": x}\n    wrong: 1\n',
        "tenants:\n  a: !include a.yaml\n",
        'tenants:\r\n  a:\r\n    lines: {"+15550100009": x}\r\n',
        "nothing: {}\n",
        "",
    ],
)
def test_where_it_cannot_be_added_with_care_it_is_not(text: str) -> None:
    assert with_line(text, "shop", "+15550100001") is None


def test_the_first_free_number_is_proposed() -> None:
    assert free_number({"+15550100001", "+15550100003"}) == "+15550100002"
