"""Whatever is in a file, a check says what is wrong, soon and in little memory."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st

from dialplan.cli.check import problems_of
from dialplan.config.files import MOST_BYTES
from dialplan.config.problem import limited, render_github, render_json, render_text

ROOT = Path(__file__).parents[3]
SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: Help the caller.}
"""
TOOL = SHOP + "tools:\n  t:\n    description: d\n    sql: SELECT 1\n    set:\n      a: >-\n"
FULL = MOST_BYTES - 1000


def _lines(unit: str) -> str:
    """Almost as much as a file may hold, in lines that are no longer than one may be."""
    line = unit * (5000 // len(unit))
    return f"{line}\n" * (FULL // (len(line.encode()) + 1))


HUGE = {
    "a list that opens": _lines("["),
    "a mapping that opens": _lines("{"),
    "a list in each line": "[\n" * (FULL // 2),
    "keys of keys": _lines("? "),
    "items of items": _lines("- "),
    "keys": _lines("a: "),
    "anchors": _lines("&a "),
    "aliases": _lines("*a "),
    "tags": _lines("!"),
    "emoji": _lines("😀"),
    "one more quote": "'" + _lines("''"),
    "an open quote": '"' + _lines("a"),
    "unknown keys": SHOP + "".join(f"agnets{i}: 1\n" for i in range(9_900)),
    "wrong values": SHOP + "state:\n" + "".join(f"  s{i}: strng{i}\n" for i in range(9_000)),
    "wrong names": SHOP + "state:\n" + "".join(f"  Näme{i}: string\n" for i in range(9_000)),
    "unknown tools": SHOP
    + "".join(
        f"  a{i}: {{prompt: x, tools: [t{i}], handoffs: {{b{i}: x}}}}\n" for i in range(1800)
    ),
    "unknown anchors": "".join(f"- &ab{i} x\n" for i in range(9_000))
    + "".join(f"- *abc{i}\n" for i in range(9_000)),
    "files that are not there": "".join(f"- !include n{i}.yaml\n" for i in range(19_000)),
    "a file in itself": "- !include vertical.yaml\n" * 19_000,
    "a large template": TOOL + ("        " + "{{ abc }}" * 500 + "\n") * (FULL // 4_600),
    "many templates": SHOP
    + 'tools:\n  t0: {description: d, sql: SELECT 1, set: &s {a: "'
    + "{{ abc }}" * 900
    + '"}}\n'
    + "".join(f"  t{i}: {{description: d, sql: SELECT 1, set: *s}}\n" for i in range(1, 110)),
    "a deep template": TOOL + "        {{ " + "(" * 4_000 + " }}\n",
    "a long template": TOOL + "        {{ a" + "\n        .b" * 3_000 + " }}\n",
    "comments in SQL": TOOL.replace("SELECT 1", ">") + ("      " + "/*" * 2_000 + "\n") * 100,
    "binds": SHOP
    + "tools:\n  t:\n    description: d\n    sql: >\n"
    + "".join(f"      :b{i} :c{i}\n" for i in range(20_000)),
    "a deep pattern": SHOP
    + "tools: {t: {description: d, sql: SELECT 1, parameters: {a: {pattern: '"
    + "(" * 9_000
    + "'}}}}\n",
    "digits": SHOP + "limits: {concurrent_calls: " + "9" * 9_000 + "}\n",
    "a path": SHOP + "conversations: " + "a/" * 4_000 + "b\n",
    "a MiB": "[" * 2**20,
}


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


@pytest.mark.parametrize("name", HUGE)
def test_the_largest_files_are_checked_in_two_seconds_and_200_megabytes(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "vertical.yaml").write_text(HUGE[name], encoding="utf-8")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from dialplan.cli.check import check\n"
        "start = time.process_time()\n"
        "try:\n    check()\n"
        "finally:\n"
        # Not ru_maxrss, which remembers the large process that we were forked from.
        "    status = Path('/proc/self/status').read_text()\n"
        "    most = int(status.split('VmHWM:')[1].split()[0]) // 1024\n"
        "    print(time.process_time() - start, most, file=sys.stderr)\n"
    )

    ran = subprocess.run(  # noqa: S603  # our own Python
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT / "platform")},
        preexec_fn=_limits,
    )

    seconds, megabytes = map(float, ran.stderr.split())
    assert ran.returncode == 1, ran.stdout[:500]
    assert "E901" not in ran.stdout
    assert len(ran.stdout) < 300_000
    # Seconds of our own, and twice as many as promised: the machine may be busy.
    assert seconds < 4
    assert megabytes < 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 5000,
        b"\xff\xfe\x00",
        b"\xed\xa0\x80: 1\n",
        "\ufeffdialplan: 1\n".encode(),
        "a: b\n".encode("utf-16"),
        b"dialplan: 1\r\nname: shop\r\n",
        b"a: \x1b[31mred\n",
        b'a: "\\0"\n',
        b'a: "\\ud800"\n',
        "a: \u2028b\n".encode(),
        b"a: 1\n---\nb: 2\n",
        b"%YAML 9.9\n---\na\n",
        b"<<: *a\n",
        b"? {a: 1}\n: 2\n",
        b"!include vertical.yaml",
        b"a: !include ''\n",
        b'a: !include "\\0"\n',
        b"a: !include " + b"x" * 5000 + b"\n",
        b"a: !include .\n",
        b"&a [*a]\n",
        b"a: " + b"9" * 5000 + b"\n",
        b"a: 1e999\n",
        b"x" * 10_001,
    ],
)
def test_strange_bytes_are_problems(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vertical.yaml").write_bytes(content)

    found = problems_of([tmp_path], {})

    assert any(problem.severity == "error" for problem in found)
    assert "E901" not in {problem.code for problem in found}
    assert all(problem.line >= 1 and problem.column >= 1 for problem in found)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "vertical.yaml")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "vertical.yaml").write_text(SHOP + "limits: !include dev.yaml\n")
    (tmp_path / "shop" / "dev.yaml").symlink_to("/dev/zero")
    start = time.monotonic()

    found = problems_of([tmp_path, tmp_path / "shop"], {})

    assert [(problem.code, problem.message) for problem in found] == [
        ("E108", "cannot read `vertical.yaml`: not a regular file"),
        ("E107", "`dev.yaml` is outside the folder"),
    ]
    assert time.monotonic() - start < 5


SHIPPED = sorted((ROOT / "verticals").rglob("*.yaml"))
PIECES = (
    "{ } [ ] : , - ? & * ! | > ' \" % @ ` # \\n \\t << &a *a !include !!str ~ null true 1 -1 1e9 "
    "{{ }} {% %} ( ) :a '' -- /* */ agents: tools: {a: [b]} 😀 é \\x00 \\ufeff \\r ..".split()
)
PIECE = st.sampled_from(
    [piece.encode().decode("unicode_escape") if "\\" in piece else piece for piece in PIECES]
) | st.text(max_size=3)
EDIT = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.lists(PIECE, max_size=4))
# How long to fuzz in all, in seconds: CI gives a minute.
FUZZ_S = float(os.environ.get("DIALPLAN_FUZZ_S", "6"))
# `.ci/check` takes it from the commit: what fails for one fails again, and the next tries others.
FUZZ_SEED = int(os.environ.get("DIALPLAN_FUZZ_SEED", "1"))
CALM = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def _holds(folder: Path) -> None:
    found = problems_of([folder], {folder / "tenants.yaml": [folder]})
    assert [problem for problem in found if problem.code == "E901"] == []
    shown = limited(found)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in shown)
    for render in (render_text, render_json, render_github):
        render(shown).encode()


def _folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    return root


fuzzed = pytest.mark.timeout(FUZZ_S + 240)


def _fuzz(holds: Callable[[], None]) -> None:
    """Give a property its third of the time, in rounds that each draw examples of their own.

    The same ones again for the same seed, of which a slow machine comes to fewer.
    """
    rounds, end = 0, time.monotonic() + FUZZ_S / 3
    while time.monotonic() < end:
        seed(FUZZ_SEED + rounds)(holds)()
        rounds += 1


def _edited(text: str, edits: list[tuple[float, int, list[str]]]) -> str:
    for where, cut, pieces in edits:
        at = int(where * len(text))
        text = text[:at] + "".join(pieces) + text[at + cut :]
    return text


@fuzzed
def test_a_shipped_file_with_edits_anywhere_is_checked(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shared = {"tenants.yaml": (ROOT / "verticals" / "tenants.yaml").read_text()}
    homes = [path.parent for path in SHIPPED if path.name == "vertical.yaml"]
    beside = {
        home: {
            path.relative_to(home).as_posix(): path.read_text()
            for path in home.rglob("*")
            if path.is_file()
        }
        for home in homes
    }

    @CALM
    @given(st.sampled_from(SHIPPED), st.lists(EDIT, min_size=1, max_size=5))
    def holds(file: Path, edits: list[tuple[float, int, list[str]]]) -> None:
        at_top = file.parent.name == "verticals"
        home = next((one for one in homes if file.is_relative_to(one)), homes[0])
        name = "tenants.yaml" if at_top else file.relative_to(home).as_posix()
        text = _edited(file.read_text(), edits)
        files = {**shared, **beside[home], name: text}
        _holds(_folder(tmp_path_factory.mktemp("edited"), files))

    _fuzz(holds)


@fuzzed
def test_pieces_of_yaml_in_any_order_are_checked(tmp_path_factory: pytest.TempPathFactory) -> None:
    @CALM
    @example(["a: ", "*a"])
    @given(st.lists(PIECE | st.sampled_from(["\n", "\n  ", "\n    ", " ", SHOP]), max_size=40))
    def holds(pieces: list[str]) -> None:
        text = "".join(pieces)
        files = {"vertical.yaml": text, "tenants.yaml": text}
        _holds(_folder(tmp_path_factory.mktemp("pieces"), files))

    _fuzz(holds)


@fuzzed
def test_any_bytes_are_checked(tmp_path_factory: pytest.TempPathFactory) -> None:
    @CALM
    @given(st.binary(max_size=200))
    def holds(content: bytes) -> None:
        folder = tmp_path_factory.mktemp("bytes")
        (folder / "vertical.yaml").write_bytes(content)
        _holds(folder)

    _fuzz(holds)
