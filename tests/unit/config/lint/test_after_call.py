from pathlib import Path

import pytest

from dialplan.config.load import read_vertical

SHOP = """\
dialplan: 1
name: shop
title: Shop
variables: {region: {default: North}}
voice: {greeting: Hello.}
endpoints: {crm: {base_url: "https://crm.example.com/api"}}
state: {bike_id: integer}
agents: {desk: {entry: true, prompt: "Help with {{ state.bike_id }}.", tools: [price]}}
tools:
  price: {description: Tell a price., builtin: answer, result: {price: "4"}, set: {bike_id: "1"}}
after_call:
  prompt: "The shop is in the {{ region }}."
  fields:
    intent: {enum: [buy, repair]}
    interest: {type: integer, description: From 0 to 100.}
    email: email
    note: {type: string, description: What else was said.}
    items: {type: integer, description: How many things.}
  send:
    - http: {post: "{{ endpoints.crm }}/all"}
"""
CRM = "{{ endpoints.crm }}"


def told(folder: Path, send: str) -> list[str]:
    (folder / "vertical.yaml").write_text(f"{SHOP}    - {send}\n")
    return [one.code for one in read_vertical(folder).problems]


def post(address: str, when: str = "", **parts: str) -> str:
    """A send as YAML; parts of the request are texts."""
    more = "".join(f', {name}: "{words}"' for name, words in parts.items())
    condition = f'when: "{when}", ' if when else ""
    return f'{{{condition}http: {{post: "{address}"{more}}}}}'


@pytest.mark.parametrize(
    "send",
    [
        post(CRM, text="{{ call }} {{ fields }} {{ state }} {{ transcript }} {{ region }}"),
        post(CRM + "/{{ fields.email }}", when="{{ fields.email }}"),
        post(CRM, when="{{ fields.intent == 'buy' and (fields.interest or 0) > 50 }}"),
        post(CRM + "/{{ fields.items }}?n=1", when="{{ fields.items }}"),
        post(CRM, when="{{ fields.items }}", text="{{ fields.items + 1 }}"),
        # A made-up text has no third part; the author may know better.
        post(CRM, text="{{ fields.note.split(',')[3] if fields.note else '' }}"),
        post(CRM, text="{{ call.began_at | spoken_time }} {{ state.bike_id }}"),
        'http: {get: "{{ endpoints.crm }}/{{ call.sid }}", query: {to: "{{ region }}"}}',
    ],
)
def test_a_send_that_works_is_told_nothing(tmp_path: Path, send: str) -> None:
    assert told(tmp_path, send) == []


@pytest.mark.parametrize(
    ("send", "codes"),
    [
        (post("https://crm.example.com/apis/{{ call.sid }}"), ["E333"]),
        (post("{{ region }}/calls"), ["E333"]),
        (post(CRM, when="{{ fields.interest > 50 }}"), ["W462"]),
        (post(CRM + "/{{ state.bike_id }}", when="{{ fields.email }}"), ["W462"]),
        (post(CRM, when="{{ fields.interest == '9' }}"), ["W460"]),
        (post(CRM, text="{{ call.began_at + 1 }} {{ region }}"), ["W462"]),
        (post(CRM, text="{{ fields.n }}"), ["E309"]),
        (post(CRM, text="{{ fields.email }"), ["E306"]),
        (post(CRM, when="fields.email"), ["W461"]),
        ('http: {get: "{{ endpoints.crm }}/calls"}', ["W463"]),
    ],
)
def test_a_send_that_would_fail_after_the_first_call_is_found(
    tmp_path: Path, send: str, codes: list[str]
) -> None:
    assert told(tmp_path, send) == codes


def test_what_only_a_send_uses_is_used(tmp_path: Path) -> None:
    text = SHOP.replace("Help with {{ state.bike_id }}.", "Help.").replace("{{ region }}", "North")
    (tmp_path / "vertical.yaml").write_text(text)
    unused = {one.code for one in read_vertical(tmp_path).problems}
    (tmp_path / "vertical.yaml").write_text(
        f"{text}    - {post(CRM, text='{{ region }} {{ state.bike_id }}')}\n"
    )

    assert unused == {"W420", "W421"}
    assert read_vertical(tmp_path).problems == ()


def test_nothing_is_concluded_from_fields_that_cannot_be_read(tmp_path: Path) -> None:
    text = SHOP.replace("{type: integer, description: From 0 to 100.}", "{typ: integer}")
    (tmp_path / "vertical.yaml").write_text(text + f"    - {post(CRM, '{{ fields.interest }}')}\n")

    assert {one.code for one in read_vertical(tmp_path).problems} == {"E203", "E207"}
