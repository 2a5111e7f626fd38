import socket

import pytest

from dialplan.cli.reporting import WorkerFailed, WorkerReady, dump, load
from dialplan.cli.supervising import Restarts, reserve
from dialplan.errors import ConfigError


def test_the_first_crash_is_mended_at_once_and_the_next_ones_later_and_later() -> None:
    restarts = Restarts(most=5)

    pauses = [restarts.next_pause(float(at)) for at in range(5)]

    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0]


def test_too_many_crashes_within_a_minute_end_it() -> None:
    restarts = Restarts(most=2, window_s=60)

    assert [restarts.next_pause(at) for at in (0.0, 59.0, 60.0)] == [0.0, 0.5, None]


def test_crashes_of_long_ago_are_forgotten() -> None:
    restarts = Restarts(most=2, window_s=60)

    assert [restarts.next_pause(at) for at in (0.0, 1.0, 62.0)] == [0.0, 0.5, 0.0]


def test_a_reserved_port_can_be_shared_by_workers_and_takes_no_connection() -> None:
    with reserve("127.0.0.1", 0) as kept:
        address = kept.getsockname()
        with (
            socket.create_server(address, reuse_port=True) as one,
            socket.create_connection(address),
        ):
            one.settimeout(5)
            one.accept()[0].close()


def test_a_port_that_another_server_shares_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]

        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            reserve("127.0.0.1", port)


@pytest.mark.parametrize("report", [WorkerReady(["+15550100001"]), WorkerFailed("set `X`\nor `Y`")])
def test_a_report_comes_back_as_it_went(report: WorkerReady | WorkerFailed) -> None:
    line = dump(report)

    assert line.count("\n") == 1
    assert load(line.encode()) == report


@pytest.mark.parametrize("line", [b"", b"hello\n", b"[]\n", b'{"ready": {"x": 1}}\n', b'{"a": {}}'])
def test_what_is_no_report_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="report"):
        load(line)
