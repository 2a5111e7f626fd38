import os
import subprocess
import sys
from pathlib import Path

import pytest

from dialplan.store.running import running_url


def pidfile(
    data: Path, pid: int | str, *, socket: str = "/run/s", status: str = "ready   "
) -> Path:
    folder = data / "postgres"
    folder.mkdir()
    lines = [str(pid), str(folder), "1790000000", "5433", socket, "", "  1  2", status]
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
    return data


def test_a_postgres_that_runs_in_the_folder_is_found(tmp_path: Path) -> None:
    url = running_url(pidfile(tmp_path, os.getpid()))

    assert url == "postgresql://postgres@/dialplan?host=/run/s&port=5433"


def test_without_a_socket_it_is_on_loopback(tmp_path: Path) -> None:
    url = running_url(pidfile(tmp_path, os.getpid(), socket=""))

    assert url == "postgresql://postgres@/dialplan?host=127.0.0.1&port=5433"


def test_one_that_still_starts_is_not_used(tmp_path: Path) -> None:
    assert running_url(pidfile(tmp_path, os.getpid(), status="starting")) is None


@pytest.mark.parametrize("pid", ["", "-4", "x", "9" * 30])
def test_a_file_that_names_no_process_is_not_believed(tmp_path: Path, pid: str) -> None:
    assert running_url(pidfile(tmp_path, pid)) is None


def test_what_a_killed_one_left_behind_is_not_believed(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )

    assert running_url(pidfile(tmp_path, int(gone.stdout))) is None


def test_nothing_runs_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert running_url(tmp_path / "none") is None
