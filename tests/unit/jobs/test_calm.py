import logging

from dialplan.jobs.calm import calm


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("dbos", logging.WARNING, "", 0, message, args, None)


def test_the_same_is_said_once_a_minute() -> None:
    at = 0.0
    passes = calm(lambda: at)
    trouble = "Exception encountered in queue thread for after_call: refused"

    assert passes(record(trouble))
    at = 59.0
    assert not passes(record(trouble.replace("after_call", "after_call_send")))
    assert passes(record("Exception polling schedules"))
    at = 61.0
    assert passes(record(trouble))


def test_of_a_message_its_first_line_is_left() -> None:
    one = record("refused: %s\nSELECT secret", "away")

    assert calm()(one)
    assert one.getMessage() == "refused: away"
