from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.config.writing import resolved, yaml_of
from dialplan.model.kinds import after_call_prompt

SHIPPED = sorted(Path(__file__).parents[3].glob("verticals/*/vertical.yaml"))

ODD = r"""
dialplan: 1
name: odd
title: "012"
variables:
  nurse: {type: phone, default: "+15550100911"}
  count: {type: integer, default: 7}
  ratio: {type: number, default: 0.5}
  open: {type: boolean, default: false}
  word: {default: "true"}
  exponent: {default: "1e5"}
  clock: {default: "10:00"}
  day: {default: "2026-01-05"}
  nothing: {default: "null"}
  norway: {default: NO}
  odd: {default: " spaces \t and: a # sign "}
  needed: phone
secrets: [token, other]
voice:
  turn_detection: {silence: 500ms}
  greeting: "Grüß Gott 👋: #1 {{ word }}\u2028!"
hours: {mon-wed: "09:00-12:00, 13:00-24:00", thu: closed, sun: "00:00-24:00", holidays: US}
limits: {call: 90s, silence: 1.5s}
when_unavailable: {say: "* sorry *", then: {dial: nurse, else: voicemail}}
endpoints:
  svc: {base_url: "https://svc.example.com", auth: {bearer: token}, timeout: 0.5s}
agents:
  desk:
    entry: true
    prompt: "  Leading spaces.\n\n\tA tab, and trailing spaces   \nat {{ word }}\n\n"
    tools: [ask, look]
    handoffs: {shop: The caller wants to buy.}
  shop: {prompt: prompts/shop.md, handoffs: {desk: Anything else.}}
tools:
  ask:
    description: Ask the service about the caller's order.
    parameters:
      code: {type: string, pattern: '^\d{3}-"x"$', description: The code.}
      size: {type: number, minimum: 1, maximum: 1.5e3, optional: true, description: The size.}
    http:
      post: "{{ endpoints.svc }}/ask"
      json: {code: "{{ code }}", none: null, one: 1, text: "1", flag: true, list: [1.5, "no", []]}
    result: {answer: "{{ response.json.answer }}"}
  look:
    description: Look up what is for sale in the shop.
    sql: |
      SELECT id, name FROM things

      ORDER BY id
database:
  tables:
    things:
      columns: {id: serial, name: text, maker: {type: text, default: "7"}}
      unique: [[name, maker]]
after_call:
  prompt: prompts/after_call.md
  skip_when: {shorter_than: 8s}
  fields:
    intent: {enum: [buy, "no"]}
    items: {type: integer, description: How many things., minimum: 0}
    follow_up: boolean
  send:
    - when: "{{ fields.follow_up }}"
      http:
        post: "{{ endpoints.svc }}/calls"
        json: {all: "{{ fields }}", items: "{{ fields.items }}", none: null}
"""


@pytest.fixture
def odd(tmp_path: Path) -> LoadedVertical:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "shop.md").write_text("# Shop\n\nSell {{ word }}.\n")
    (tmp_path / "prompts" / "after_call.md").write_text("Things of {{ word }} count.\n")
    (tmp_path / "vertical.yaml").write_text(ODD)
    return load_vertical(tmp_path)


def again(text: str, folder: Path) -> LoadedVertical:
    (folder / "vertical.yaml").write_text(text)
    return load_vertical(folder)


def test_odd_texts_numbers_and_bodies_load_again_to_the_same_model(
    odd: LoadedVertical, tmp_path: Path
) -> None:
    made = resolved(odd)

    loaded = again(yaml_of(made), tmp_path)

    assert loaded.vertical == made
    assert loaded.prompts == odd.prompts
    assert yaml_of(resolved(loaded)) == yaml_of(made)


def test_a_prompt_with_an_endless_line_loads_again(odd: LoadedVertical, tmp_path: Path) -> None:
    long = replace(odd, prompts={**odd.prompts, "shop": f"Sell.\n{'word ' * 4000}end"})

    assert again(yaml_of(resolved(long)), tmp_path).prompts == long.prompts


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.parent.name))
def test_every_shipped_vertical_loads_again_to_the_same_model(file: Path, tmp_path: Path) -> None:
    loaded = load_vertical(file.parent)
    for name, content in loaded.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    made = resolved(loaded)

    assert again(yaml_of(made), tmp_path).vertical == made


def test_prompts_stand_in_the_file_and_short_forms_are_written_out(odd: LoadedVertical) -> None:
    text = yaml_of(resolved(odd))

    assert "    prompt: |-\n      # Shop\n\n      Sell {{ word }}.\n" in text
    assert (
        "      desk:\n        when: Anything else.\n        examples: []\n        carry: []\n"
        in text
    )
    assert "    sql: |\n      SELECT id, name FROM things\n\n      ORDER BY id\n" in text
    assert "secrets:\n  - token # ***\n  - other # ***\n" in text
    assert "\nlimits:\n  call: 1.5m\n  silence: 1.5s\n  concurrent_calls: 40\n" in text
    assert "  thu: closed\n" in text


def test_what_is_done_after_a_call_stands_in_the_file(odd: LoadedVertical) -> None:
    assert odd.prompts[after_call_prompt()] == "Things of {{ word }} count."
    assert "\n  prompt: Things of {{ word }} count.\n" in yaml_of(resolved(odd))


def test_keys_stand_in_the_order_of_the_model(odd: LoadedVertical) -> None:
    written = list(yaml.safe_load(yaml_of(resolved(odd))))

    assert written == [name for name in type(odd.vertical).model_fields if name in written]


def test_values_of_a_tenant_take_the_place_of_defaults(odd: LoadedVertical, tmp_path: Path) -> None:
    made = resolved(odd, {"needed": "+15550100099", "count": 8})

    variables = again(yaml_of(made), tmp_path).vertical.variables
    assert (variables["needed"].default, variables["count"].default) == ("+15550100099", 8)
    assert variables["nurse"].default == "+15550100911"


def test_a_prompt_file_without_text_stays_named(odd: LoadedVertical) -> None:
    empty = replace(odd, prompts={**odd.prompts, "shop": ""})

    assert resolved(empty).agents["shop"].prompt == "prompts/shop.md"
