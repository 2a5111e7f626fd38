"""Cores are two that are there; a server of their own is the rule."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from dialplan.emulators.bench.machine import Cores, facts, spread_children
from dialplan.errors import ConfigError

THERE = sorted(os.sched_getaffinity(0))


def test_cores_are_read_as_server_and_ends() -> None:
    assert Cores.parse(f"{THERE[-1]},{THERE[0]}") == Cores(server=THERE[-1], ends=THERE[0])


@pytest.mark.parametrize("text", ["", "1", "0,1,2", "a,b", "0;1", "-1,0"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected two numbers of cores"):
        Cores.parse(text)


def test_a_core_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=f"core 9999 is not there; choose from {THERE[0]}"):
        Cores.parse(f"9999,{THERE[0]}")


def test_facts_name_machine_and_versions() -> None:
    told = facts()

    assert told["python"]
    assert isinstance(told["packages"], dict)
    assert told["packages"]["websockets"]


PARENT = """
import subprocess, sys
for _ in range(3):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(flush=True)
input()
"""


def test_started_processes_get_the_cores_in_turns() -> None:
    with subprocess.Popen(  # noqa: S603  our own words
        (sys.executable, "-c", PARENT), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        try:
            assert parent.stdout is not None
            parent.stdout.readline()
            spread_children(parent.pid, (THERE[0], THERE[-1]))
            children = sorted(psutil.Process(parent.pid).children(), key=lambda one: one.pid)
            given = [one.cpu_affinity() for one in children]
            assert given == [[THERE[0]], [THERE[-1]], [THERE[0]]]
        finally:
            for child in psutil.Process(parent.pid).children():
                child.kill()
            parent.kill()
