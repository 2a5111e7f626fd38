"""What can still be said of a file that is broken somewhere, and what must not be."""

from pathlib import Path

import pytest

from dialplan.config.load import read_vertical

SHOP = """\
dialplan: 1
name: shop
title: Shop
variables: {owner: {type: phone, default: "+15550100911"}}
secrets: [token]
state: {customer: integer}
voice: {greeting: "Hello from {{ owner }}."}
when_unavailable: {say: Sorry., then: {dial: owner}}
endpoints: {api: {base_url: "https://api.example.com", auth: {bearer: token}}}
agents:
  desk:
    entry: true
    prompt: Help the caller.
    tools: [find]
    handoffs: {till: The caller wants to pay.}
  till: {prompt: "Take the money of {{ state.customer }}.", handoffs: {desk: Something else.}}
tools:
  find:
    description: Find a customer.
    parameters: {phone: phone}
    http: {get: "{{ endpoints.api }}/find?phone={{ phone }}"}
    set: {customer: "{{ result.id }}"}
"""


def _codes(folder: Path, text: str) -> list[str]:
    (folder / "vertical.yaml").write_text(text)
    return [problem.code for problem in read_vertical(folder).problems]


def test_the_file_itself_is_fine(tmp_path: Path) -> None:
    assert _codes(tmp_path, SHOP) == []


@pytest.mark.parametrize(
    ("right", "wrong", "codes"),
    [
        ("variables:", "variabels:", ["E203"]),
        ("secrets:", "secret:", ["E203"]),
        ("state:", "states:", ["E203"]),
        ("endpoints: ", "endpoint: ", ["E203"]),
        ("tools:\n  find", "tool:\n  find", ["E203"]),
        ("agents:", "agent:", ["E202", "E203"]),
        ("    parameters:", "    paramaters:", ["E203"]),
        ("handoffs:", "handofs:", ["E203"]),
        ("{type: phone, ", "{type: phoen, ", ["E204"]),
        ("[token]", "[token, 7x]", ["E205"]),
        ("state: {customer: integer}", "state: [customer]", ["E201"]),
        ("voice: {greeting", "voice: {greting", ["E202", "E203"]),
        ("    description: Find", "    sql: SELECT 1\n    description: Find", ["E207"]),
        ("title: Shop\n", "", ["E202"]),
        ('"https://api.example.com"', "example", ["E205"]),
        ("    entry: true", "    entry: yes", ["E201"]),
        ("prompt: Help the caller.", "prompt: [Help]", ["E201"]),
        ("{phone: phone}", "[phone]", ["E201"]),
        ("{phone: phone}", "{phone: fone}", ["E204"]),
        ("{customer: integer}", "!include nothing.yaml", ["E108"]),
        ('prompt: "Take the money of {{ state.customer }}."', "promt: Take.", ["E202", "E203"]),
    ],
)
def test_one_mistake_is_not_two(tmp_path: Path, right: str, wrong: str, codes: list[str]) -> None:
    assert right in SHOP

    assert sorted(_codes(tmp_path, SHOP.replace(right, wrong, 1))) == codes


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("{{ owner }}", "{{ ownr }}", "E309"),
        ("bearer: token", "bearer: tokn", "E305"),
        ("tools: [find]", "tools: [fnd]", "E302"),
        ("handoffs: {till", "handoffs: {tll", "E301"),
        ("set: {customer", "set: {custmer", "E304"),
        ("{{ state.customer }}", "{{ state.custmer }}", "E309"),
        ("phone={{ phone }}", "phone={{ phnoe }}", "E309"),
    ],
)
def test_the_rest_of_a_broken_file_is_checked(
    tmp_path: Path, right: str, wrong: str, code: str
) -> None:
    assert right in SHOP
    broken = SHOP.replace("title: Shop", "titel: Shop") + "limits: {call: soon}\n"

    assert sorted(_codes(tmp_path, broken.replace(right, wrong, 1))) == sorted(
        ["E202", "E203", "E205", code]
    )


@pytest.mark.parametrize(
    "text", ["", "7\n", "[]\n", "{}\n", "agents: 7\n", "agents: {}\n", "agents: {desk: 7}\n"]
)
def test_of_a_file_with_nothing_right_only_what_is_wrong_is_said(tmp_path: Path, text: str) -> None:
    assert set(_codes(tmp_path, text)) <= {"E101", "E201", "E202", "E206"}
