"""The error tree, split by who must act. Bugs of our own stay plain exceptions.

* `ConfigError`: the author of a YAML file, or of a setting
* `ProtocolError`: the peer on the other end of a socket
* `ToolError`: a tool, or the service behind it
* `StoreError`: the operator of the database
* `TelephonyError`: the carrier, or the operator of its account
* `EngineError`: the model provider, or the operator of its account
* `WorkersError`: whoever runs the server: its workers do not stay up
* `RehearsalError`: whoever runs a rehearsal: a process of it is gone
* `TryLater`: nobody yet: a service cannot do it now, and the same request may succeed later
"""

from __future__ import annotations


class DialplanError(Exception):
    """Root of everything Dialplan raises on purpose."""


class ConfigError(DialplanError):
    """A file or a setting must be changed by its author before anything can run."""


class ProtocolError(DialplanError):
    """A peer said something that its protocol does not allow."""


class ToolError(DialplanError):
    """A tool could not do its work; the model is told a short fixed sentence instead."""


class ToolRefused(ToolError):
    """A tool's own reason not to do it; the message is a sentence for the model."""


class StoreError(DialplanError):
    """The database cannot be reached, prepared or trusted."""


class TelephonyError(DialplanError):
    """The carrier refused a request.

    Attributes:
        status: HTTP status of the answer, 0 when there was none.
        code: the carrier's own error code (Twilio: 20404, 21220, ...), 0 when there was none.
    """

    def __init__(self, message: str, *, status: int = 0, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class EngineError(DialplanError):
    """The model provider could not be reached, or ended the session."""


class WorkersError(DialplanError):
    """A server of several workers cannot go on: they end as often as they are started."""


class RehearsalError(DialplanError):
    """A rehearsal cannot go on: its emulated peers are gone, or do not answer."""


class TryLater(DialplanError):
    """A service cannot do it now, and may later: it is away, or has too much to do.

    Attributes:
        after_s: how long the service asks to be left alone, in seconds; None where it does not.
    """

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s
