from pathlib import Path

import pytest

from dialplan.config.load import load_vertical

HEAD = "dialplan: 1\nname: shop\ntitle: Shop\nvoice: {greeting: Hello.}\n"


def _codes(folder: Path, rest: str) -> list[tuple[str, str, str]]:
    (folder / "vertical.yaml").write_text(HEAD + rest, encoding="utf-8")
    return [(one.code, one.path, one.hint) for one in load_vertical(folder).warnings]


REQUIRES = """\
state: {{client_id: integer}}
agents:
  desk: {{entry: true, prompt: Help., tools: [pay], handoffs: {{till: Wants to pay.}}}}
  till: {{prompt: Help., tools: [{till}], handoffs: {{desk: Anything else.}}}}
tools:
  pay: {{description: Pay a bill., sql: SELECT 1 AS one, requires: [client_id]}}
{rest}
"""
FIND = """\
  find:
    description: Find a client.
    sql: SELECT 1 AS id
    returns: one
    requires: [{needs}]
    set: {{client_id: "{{{{ result.id }}}}"}}
"""


def test_what_another_agent_learns_may_be_required_after_coming_back(tmp_path: Path) -> None:
    rest = REQUIRES.format(till="find", rest=FIND.format(needs=""))

    assert _codes(tmp_path, rest) == []


def test_a_circle_of_needs_can_never_be_met(tmp_path: Path) -> None:
    rest = REQUIRES.format(till="find", rest=FIND.format(needs="client_id"))

    hint = "only `find` sets it, and itself requires it: remove it there"
    assert _codes(tmp_path, rest) == [
        ("W403", "tools.pay.requires[0]", hint),
        ("W403", "tools.find.requires[0]", hint),
    ]


def test_state_that_nothing_sets_can_never_be_met(tmp_path: Path) -> None:
    rest = REQUIRES.format(till="pay", rest="")

    assert [code for code, *_ in _codes(tmp_path, rest)] == ["W403"]


@pytest.mark.parametrize("builtin", ["hang_up", "answer"])
def test_an_agent_that_can_end_the_call_is_no_trap(tmp_path: Path, builtin: str) -> None:
    rest = f"""\
agents:
  desk: {{entry: true, prompt: Help., handoffs: {{last: The caller says goodbye.}}}}
  last: {{prompt: Say goodbye., tools: [bye]}}
tools:
  bye: {{description: Say goodbye., builtin: {builtin}, result: {{said: Bye.}}}}
"""

    codes = [code for code, *_ in _codes(tmp_path, rest)]

    assert codes == ([] if builtin == "hang_up" else ["W405"])


def test_two_agents_that_hand_over_to_each_other_are_no_trap(tmp_path: Path) -> None:
    rest = """\
agents:
  desk: {entry: true, prompt: Help., handoffs: {rent: The caller wants to rent.}}
  rent: {prompt: Rent., handoffs: {sell: The caller wants to buy.}}
  sell: {prompt: Sell., handoffs: {rent: The caller wants to rent.}}
"""

    assert _codes(tmp_path, rest) == []
