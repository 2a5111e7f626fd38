"""The one exception of the emulated protocol: a client event that is answered by an `error`.

It never ends a connection. Codes are those of the Realtime API reference, `error` server event.
"""

from __future__ import annotations


class ClientEventError(Exception):
    """A client event that the API refuses; becomes an `error` event with this code."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
