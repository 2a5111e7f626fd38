"""What the machine and a process on it have used, read from the kernel; Linux only."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from time import perf_counter

import psutil  # type: ignore[import-untyped]  # ships no types

from dialplan.errors import ConfigError

_PACKAGES = ("dialplan", "openai-agents", "picows", "uvicorn", "uvloop", "websockets")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core is whose: the server's alone, and that of everything else."""

    server: int
    ends: int

    @classmethod
    def parse(cls, text: str | None) -> Cores:
        """Read `S,E`; without it take the last two cores that this process may use.

        Raises:
            ConfigError: this is not two cores that are there.
        """
        there = sorted(os.sched_getaffinity(0))
        if text is None:
            if len(there) < 2:
                raise ConfigError(
                    "a benchmark needs two cores, one for the server and one for the ends: got "
                    f"core {there[0]} alone; `--cores {there[0]},{there[0]}` runs all the same, "
                    "and its figures are void"
                )
            return cls(there[-1], there[0])
        parts = text.split(",")
        if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
            raise ConfigError(f"`--cores {text}`: expected two numbers of cores, such as `1,0`")
        server, ends = (int(part) for part in parts)
        for core in (server, ends):
            if core not in there:
                raise ConfigError(
                    f"`--cores {text}`: core {core} is not there; choose from "
                    f"{', '.join(map(str, there))}"
                )
        return cls(server, ends)


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes and cores had used at one moment; times are seconds, memory bytes."""

    at: float
    cpu_s: float
    rss: int
    voluntary: int
    involuntary: int
    ends_cpu_s: float
    database_cpu_s: float
    busy_s: Mapping[int, float]


class Meter:
    """Reads the usage of a server with all its processes, of this process, and of the database."""

    def __init__(self, server_pid: int, database_pid: int | None, cores: Cores) -> None:
        self._server = psutil.Process(server_pid)
        self._own = psutil.Process()
        self._database = None if database_pid is None else psutil.Process(database_pid)
        self._cores = cores
        self._database_cpu: dict[int, float] = {}

    def rss(self) -> int:
        """Return the server's resident memory, in bytes; what workers share counts for each."""
        return sum(int(one.memory_info().rss) for one in self._servers())

    def files(self) -> tuple[int, int]:
        """Return how many files the server has open, and how many of them are sockets."""
        names = [
            name
            for one in self._servers()
            for entry in os.scandir(f"/proc/{one.pid}/fd")
            if (name := _target(entry)) is not None
        ]
        return len(names), sum(name.startswith("socket:") for name in names)

    def read(self) -> Usage:
        """Return the usage up to now."""
        servers = self._servers()
        switches = [one.num_ctx_switches() for one in servers]
        cpus = psutil.cpu_times(percpu=True)
        return Usage(
            at=perf_counter(),
            cpu_s=sum(map(_cpu, servers)),
            rss=self.rss(),
            voluntary=sum(one.voluntary for one in switches),
            involuntary=sum(one.involuntary for one in switches),
            ends_cpu_s=_cpu(self._own),
            database_cpu_s=self._read_database(),
            busy_s={core: _busy(cpus[core]) for core in (self._cores.server, self._cores.ends)},
        )

    def _servers(self) -> list[psutil.Process]:
        """Return the server and its workers; it starts nothing else."""
        return [self._server, *self._server.children(recursive=True)]

    def _read_database(self) -> float:
        """Return the CPU of all its processes; one that has ended keeps what it had used."""
        if self._database is not None:
            for process in (self._database, *self._database.children(recursive=True)):
                try:
                    self._database_cpu[process.pid] = _cpu(process)
                except psutil.NoSuchProcess:
                    continue
        return sum(self._database_cpu.values())


def go_ahead(pid: int, *, children: bool) -> None:
    """Let a process, 0 for this one, run before all ordinary ones of its core.

    Those that it started, and threads and processes that it starts later, do so too if `children`
    is set.

    Raises:
        ConfigError: the user may not do this.
    """
    policy = os.SCHED_RR if children else os.SCHED_RR | os.SCHED_RESET_ON_FORK
    try:
        process = psutil.Process(pid or None)
        for one in [process, *(process.children(recursive=True) if children else ())]:
            for thread in one.threads():
                os.sched_setscheduler(thread.id, policy, os.sched_param(1))
    except PermissionError as exc:
        raise ConfigError(
            "`--ahead` needs the right to raise priorities: run as root, or leave it out on a "
            "machine that does nothing else"
        ) from exc


def spread_children(pid: int, cores: Sequence[int]) -> None:
    """Give each process that a process has started one of the cores, in turns.

    Threads that they start later stay on it too.
    """
    children = sorted(psutil.Process(pid).children(), key=lambda one: (one.create_time(), one.pid))
    for child, core in zip(children, cycle(cores), strict=False):
        for thread in child.threads():
            os.sched_setaffinity(thread.id, {core})


def _target(entry: os.DirEntry[str]) -> str | None:
    """Return what a descriptor leads to; None when it was closed meanwhile."""
    try:
        return os.readlink(entry.path)
    except FileNotFoundError:
        return None


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy(times: object) -> float:
    idle = ("idle", "iowait", "guest", "guest_nice")  # the guests' time is in `user` as well
    fields: Iterable[tuple[str, float]] = times._asdict().items()  # type: ignore[attr-defined]
    return sum(value for name, value in fields if name not in idle)


def facts() -> dict[str, object]:
    """Return what machine and versions these are, as JSON."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "kernel": platform.release(),
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": _commit(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """Return the commit of this source tree, marked when files differ from it; empty without."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  fixed words
            (git, "describe", "--always", "--dirty", "--abbrev=10"),
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
