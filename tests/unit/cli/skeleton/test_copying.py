from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.cli.skeleton import GREETING, skeleton
from dialplan.cli.skeleton.copying import copied, find, shipped
from dialplan.config.load import load_vertical
from dialplan.errors import ConfigError

SHOP = skeleton("shop", title="Shop", greeting=GREETING, folder="verticals/shop", schemas=True)


def put(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return put(tmp_path / "shop", SHOP)


def texts(
    source: Path, *, title: str | None = None, greeting: str | None = None, schemas: bool = True
) -> dict[str, str]:
    files = copied(
        source,
        "kiosk",
        title=title,
        greeting=greeting,
        folder="verticals/kiosk",
        number="+15550100009",
        schemas=schemas,
    )
    return {path: content.decode("utf-8") for path, content in files.items()}


def test_a_copy_says_its_own_name_and_is_else_the_same_to_the_letter(shop: Path) -> None:
    made = texts(shop)

    assert made.keys() == SHOP.keys()
    changed = {path for path in SHOP if made[path] != SHOP[path]}
    assert changed == {"vertical.yaml", "README.md"}
    assert made["vertical.yaml"] == SHOP["vertical.yaml"].replace("name: shop", "name: kiosk", 1)
    assert "verticals/shop" not in made["README.md"]
    assert "dialplan test verticals/kiosk" in made["README.md"]


def test_a_copy_s_readme_rings_its_own_line_and_asks_its_own_articles(shop: Path) -> None:
    (shop / "README.md").write_text(
        "    dialplan call +15550100020 --from +15550107727 --seed\n"
        "    dialplan knowledge test shop\n"
        "    dialplan new stall --from shop\n"
    )

    assert texts(shop)["README.md"] == (
        "    dialplan call +15550100009 --from +15550107727 --seed\n"
        "    dialplan knowledge test kiosk\n"
        "    dialplan new stall --from shop\n"
    )


def test_what_is_given_stands_where_the_old_words_stood(shop: Path, tmp_path: Path) -> None:
    title, greeting = 'Zoë\'s "Best": Dogs & #1', "Hi, {{ business_name }}: yes?"

    made = texts(shop, title=title, greeting=greeting)

    vertical = load_vertical(put(tmp_path / "kiosk", made)).vertical
    assert vertical.title == title
    assert vertical.variables["business_name"].default == title
    assert vertical.voice.greeting == greeting
    before, after = SHOP["vertical.yaml"].splitlines(), made["vertical.yaml"].splitlines()
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 4


def test_an_editor_is_told_of_schemas_only_where_they_are(shop: Path) -> None:
    made = texts(shop, schemas=False)

    assert SHOP["vertical.yaml"].startswith("# yaml-language-server")
    assert not [path for path, text in made.items() if "yaml-language-server" in text]


def test_what_is_not_text_is_copied_as_it_is(shop: Path) -> None:
    (shop / "hold.wav").write_bytes(b"RIFF\xff\xfe verticals/shop")

    made = copied(
        shop, "kiosk", title=None, greeting=None, folder="verticals/kiosk", number="+15550100009"
    )

    assert made["hold.wav"] == b"RIFF\xff\xfe verticals/shop"


def test_a_greeting_that_lies_in_another_file_is_not_guessed_at(shop: Path) -> None:
    text = SHOP["vertical.yaml"]
    start, end = text.index("voice:  "), text.index("\nhours:")
    (shop / "vertical.yaml").write_text(f"{text[:start]}voice: !include voice.yaml\n{text[end:]}")

    with pytest.raises(ConfigError, match=r"does not say `voice\.greeting` in one line"):
        texts(shop, greeting="Hi.")


def test_a_file_that_is_no_yaml_is_one_sentence(shop: Path) -> None:
    (shop / "vertical.yaml").write_text("name: [shop\n")

    with pytest.raises(ConfigError, match="run `dialplan check` on it"):
        texts(shop)


def test_a_vertical_is_found_by_its_folder_or_its_name(shop: Path, tmp_path: Path) -> None:
    assert find(str(shop), []) == shop
    assert find("shop", [tmp_path / "nowhere", tmp_path]) == shop


def test_an_unknown_vertical_is_answered_with_the_known_ones(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the name of one that is there: `shop`"):
        find("shpo", [tmp_path])


def test_every_shipped_vertical_makes_a_copy_that_passes_the_check(tmp_path: Path) -> None:
    names = {file.parent.name for file in shipped().glob("*/vertical.yaml")}

    assert len(names) > 1
    for name in names:
        made = copied(
            find(name, [shipped()]),
            "kiosk",
            title="Kiosk",
            greeting="Hi.",
            folder="kiosk",
            number="+15550100009",
        )
        folder = tmp_path / name / "kiosk"
        loaded = load_vertical(put(folder, {path: text.decode() for path, text in made.items()}))
        assert loaded.warnings == ()
        assert (loaded.vertical.name, loaded.vertical.title) == ("kiosk", "Kiosk")
