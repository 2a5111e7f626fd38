import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dialplan.emulators.desk.occupancy import FILE, Address, claim, find
from dialplan.errors import ConfigError

ADDRESS = Address("http://127.0.0.1:8080", "http://127.0.0.1:9000", 17, "secret")


def test_a_rehearsal_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    assert find(tmp_path) is None

    with claim(tmp_path) as occupied:
        with pytest.raises(BlockingIOError):
            find(tmp_path)
        occupied.announce(ADDRESS)
        assert find(tmp_path) == ADDRESS
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600

    assert find(tmp_path) is None


def test_a_second_rehearsal_is_told_of_the_first(tmp_path: Path) -> None:
    with claim(tmp_path) as occupied:
        occupied.announce(ADDRESS)

        with pytest.raises(ConfigError, match=r"on http://127.0.0.1:8080 \(process 17\)"):
            with claim(tmp_path):
                pass
        assert find(tmp_path) == ADDRESS


def test_what_a_killed_process_left_is_ignored(tmp_path: Path) -> None:
    program = (
        "import os, signal, pathlib\n"
        "from dialplan.emulators.desk.occupancy import Address, claim\n"
        f"with claim(pathlib.Path({str(tmp_path)!r})) as occupied:\n"
        "    occupied.announce(Address('http://a', 'http://b', os.getpid(), 'k'))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=60)  # noqa: S603

    assert b"http://a" in (tmp_path / FILE).read_bytes()
    assert find(tmp_path) is None
    with claim(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"cannot write into the data folder .*DIALPLAN_DATA"):
        with claim(tmp_path / "file" / "data"):
            pass


def test_an_address_does_not_show_its_key() -> None:
    assert "secret" not in repr(ADDRESS)
