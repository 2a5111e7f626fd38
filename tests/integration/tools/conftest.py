"""A call and a package, as tools of other people's meet them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.callers import new_call

from dialplan.tools.state import CallState

PARTS = '''
"""A package that a company installs beside Dialplan."""

import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dialplan.plugin import Call, Refused, tool


@tool
async def stock(part: str, call: Call) -> dict[str, object]:
    if part == "bumper":
        raise Refused("We do not sell bumpers.")
    return {
        "part": part,
        "price": Decimal("12.50"),
        "on": date(2026, 3, 2),
        "for": call.tenant,
        "key": call.secrets["parts_key"],
        "now": call.now,
    }


@tool
def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@tool
def nothing() -> None:
    return None


@tool
def broken(who: str) -> None:
    raise ValueError(f"cannot serve {who}")


@tool
def opaque() -> object:
    return object()


@tool
def endless() -> str:
    return "x" * 1_000_001


def unmarked() -> str:
    return "never"
'''


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed package; gives its module's name, which is new to this process."""
    package = tmp_path / f"parts_{tmp_path.name}".replace("-", "_")
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tools.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return f"{package.name}.tools"


@pytest.fixture
def a_call() -> Callable[..., CallState]:
    """Makes a call of a tenant, with secrets."""

    def made(tenant: str = "lakeside", **secrets: str) -> CallState:
        variables = {"timezone": "America/Chicago"}
        return new_call("shop", tenant, variables=variables, secrets=secrets)

    return made
