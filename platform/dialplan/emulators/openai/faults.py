"""What can be made to go wrong on a connection, at a stated place, for tests of the client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Responses are counted from 1 within a connection, connections from 1 within a server.

    Attributes:
        connection: the only connection that suffers; None for every one.
        drop_after_audio_ms: abort the TCP connection once this much audio was sent.
        drop_at_response: abort the TCP connection when this response is created.
        close_at_response: close with 1011 (internal error) when this response is created.
        expire_at_response: the session expires when this response is created.
        fail_at_response: this response ends `failed` with a server error.
        first_audio_delay_s: seconds that the first audio of every response comes late.
        words_delay_s: seconds that the words of the caller's speech are announced late, while the
            response to it goes on.
    """

    connection: int | None = None
    drop_after_audio_ms: int | None = None
    drop_at_response: int | None = None
    close_at_response: int | None = None
    expire_at_response: int | None = None
    fail_at_response: int | None = None
    first_audio_delay_s: float = 0.0
    words_delay_s: float = 0.0


NONE = Faults()
"""Nothing goes wrong."""
