import pytest

from dialplan.web.passing import media_name

REQUEST = b"GET /twilio/media/1-0a1b2c3d HTTP/1.1\r\nHost: x\r\n\r\n"


def test_the_worker_that_a_stream_names_is_read_from_the_request_line() -> None:
    assert media_name(REQUEST) == "1-0a1b2c3d"


def test_a_name_before_a_query_is_read_too() -> None:
    assert media_name(b"GET /twilio/media/1-0a1b2c3d?x=1 HTTP/1.1\r\n") == "1-0a1b2c3d"


def test_a_request_that_comes_byte_by_byte_is_waited_for() -> None:
    end = REQUEST.index(b" HTTP")

    found = [media_name(REQUEST[:size]) for size in range(1, len(REQUEST))]

    assert found[:end] == [None] * end
    assert set(found[end:]) == {"1-0a1b2c3d"}


@pytest.mark.parametrize(
    "data",
    [
        b"GET /twilio/media HTTP/1.1\r\n",
        b"POST /twilio/voice HTTP/1.1\r\n",
        b"GET /readyz HTTP/1.1\r\n",
        b"GET /twilio/media/nonsense HTTP/1.1\r\n",
        b"GET /twilio/media/" + b"0" * 60 + b" HTTP/1.1\r\n",
        b"GET /twilio/media/1-0a1b2c3d/more HTTP/1.1\r\n",
        b"\x16\x03\x01",
    ],
)
def test_all_else_names_no_worker_and_waits_for_nothing(data: bytes) -> None:
    assert media_name(data) == ""
