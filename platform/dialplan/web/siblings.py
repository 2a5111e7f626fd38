"""How the workers behind one port reach each other: a Unix socket each, in a folder of their own.

A worker passes a caller's connection on to the one that expects it, with what was read of it, and
asks the others what they count. Every exchange has a limit; a sibling that does not answer is left
out. Only the user of the server may enter the folder, so that nothing here needs a key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from dialplan.runtime.slots import Slot

log = logging.getLogger(__name__)

# The caller hears nothing meanwhile. A worker that is up answers within a millisecond.
SEND_S = 0.5
TAKE_S = 5.0
ASK_S = 1.0
PAUSE_S = 0.1
# A request with all its headers is refused above 64 KiB anyway.
MOST_REQUEST = 64 * 1024
MOST_ANSWER = 16 * 1024 * 1024
MOST_WAITING = 64

_STREAM, _METRICS = b"S", b"M"
_HEAD = struct.Struct(">cI")
_SIZE = struct.Struct(">I")

Adopt = Callable[[socket.socket, bytes], Awaitable[None]]


class SiblingLost(Exception):
    """A sibling did not answer in time, or is not there."""


class Siblings:
    """The other workers, as one of them sees them.

    `passed` is told of each connection that was to be passed on: `ok` or `failed`.
    """

    def __init__(self, slot: Slot, passed: Callable[[str], None] = lambda _outcome: None) -> None:
        self.slot = slot
        self.passed = passed

    async def pass_on(self, index: int, connection: socket.socket, data: bytes) -> None:
        """Give a connection to a sibling, with what was already read from it.

        Once this returns the sibling has it; the caller's own copy may be closed.

        Raises:
            SiblingLost: it did not take it, and never will.
        """
        with _new() as door:
            await self._send(door, index, _STREAM, data, connection)
            try:
                async with asyncio.timeout(TAKE_S):
                    await _exactly(door, _SIZE.size)
            except TimeoutError:
                # It has all of it and is only busy. To carry the call here too would be worse.
                log.warning("sibling is slow to take a stream", extra={"worker": index})
            except (OSError, EOFError) as exc:
                raise SiblingLost(f"worker {index}: {exc}") from exc

    async def metrics(self, index: int) -> bytes:
        """Return what a sibling counts (`web.counting`). Raises SiblingLost."""
        with _new() as door:
            await self._send(door, index, _METRICS, b"", None)
            try:
                async with asyncio.timeout(ASK_S):
                    (size,) = _SIZE.unpack(await _exactly(door, _SIZE.size))
                    if size > MOST_ANSWER:
                        raise OSError(f"an answer of {size} bytes")
                    return await _exactly(door, size)
            except (OSError, EOFError) as exc:
                raise SiblingLost(
                    f"worker {index}: {str(exc) or f'no answer in {ASK_S} s'}"
                ) from exc

    async def _send(
        self,
        door: socket.socket,
        index: int,
        kind: bytes,
        data: bytes,
        passed: socket.socket | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        head = _HEAD.pack(kind, len(data))
        try:
            async with asyncio.timeout(SEND_S):
                await loop.sock_connect(door, str(self.slot.door(index)))
                if passed is None:
                    await loop.sock_sendall(door, head)
                else:
                    # A new socket has room for five bytes; the descriptor rides on them.
                    socket.send_fds(door, [head], [passed.fileno()])
                if data:  # else it may have answered and hung up already
                    await loop.sock_sendall(door, data)
        except OSError as exc:
            raise SiblingLost(
                f"worker {index}: {str(exc) or f'not reached in {SEND_S} s'}"
            ) from exc


def _new() -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.setblocking(False)
    return door


@asynccontextmanager
async def open_door(
    slot: Slot, *, adopt: Adopt, metrics: Callable[[], bytes]
) -> AsyncIterator[None]:
    """Let the siblings in for as long as a block lasts.

    Args:
        slot: whose door it is.
        adopt: takes a passed connection over, with what was read of it.
        metrics: returns what this worker counts.
    """
    path = slot.door(slot.index)
    # A worker that was killed left it behind.
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.bind(str(path))
        listener.listen(MOST_WAITING)
        async with asyncio.TaskGroup() as tasks:
            door = tasks.create_task(_admit(listener, tasks, adopt, metrics), name="siblings")
            try:
                yield
            finally:
                door.cancel()
                path.unlink(missing_ok=True)
                # The last one out leaves nothing behind, also when the supervisor was killed.
                with contextlib.suppress(OSError):
                    slot.folder.rmdir()


async def _admit(
    listener: socket.socket, tasks: asyncio.TaskGroup, adopt: Adopt, metrics: Callable[[], bytes]
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            visitor, _ = await loop.sock_accept(listener)
        except OSError as exc:  # too many files are open: that passes
            log.error("sibling not admitted", extra={"reason": str(exc)})
            await asyncio.sleep(PAUSE_S)
            continue
        tasks.create_task(_receive(visitor, adopt, metrics), name="sibling")


async def _receive(visitor: socket.socket, adopt: Adopt, metrics: Callable[[], bytes]) -> None:
    loop = asyncio.get_running_loop()
    passed: socket.socket | None = None
    with visitor:
        try:
            async with asyncio.timeout(ASK_S):
                head, passed = await _head(visitor)
                kind, size = _HEAD.unpack(head)
                if size > MOST_REQUEST:
                    raise OSError(f"a request of {size} bytes")
                data = await _exactly(visitor, size)
                answer = b""
                if kind == _STREAM and passed is not None:
                    passed.setblocking(False)
                    connection, passed = passed, None
                    await adopt(connection, data)
                elif kind == _METRICS:
                    answer = metrics()
                await loop.sock_sendall(visitor, _SIZE.pack(len(answer)) + answer)
        except (OSError, EOFError) as exc:
            log.warning("sibling not understood", extra={"reason": str(exc) or "too slow"})
        except Exception:
            # One connection of one caller: the others of this worker go on.
            log.exception("stream not taken over")
        finally:
            if passed is not None:
                passed.close()


async def _head(visitor: socket.socket) -> tuple[bytes, socket.socket | None]:
    """Read the head of a request, and the descriptor that came with it."""
    await _readable(visitor)
    head, descriptors, _, _ = socket.recv_fds(visitor, _HEAD.size, 1)
    passed = socket.socket(fileno=descriptors[0]) if descriptors else None
    try:
        return head + await _exactly(visitor, _HEAD.size - len(head)), passed
    except BaseException:
        if passed is not None:
            passed.close()
        raise


async def _readable(one: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def set_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(one.fileno(), set_ready)
    try:
        await ready
    finally:
        loop.remove_reader(one.fileno())


async def _exactly(one: socket.socket, size: int) -> bytes:
    """Read so many bytes; raises EOFError when there are fewer."""
    loop = asyncio.get_running_loop()
    found = bytearray()
    while len(found) < size:
        piece = await loop.sock_recv(one, min(size - len(found), 64 * 1024))
        if not piece:
            raise EOFError("it hung up")
        found += piece
    return bytes(found)


def copied(descriptor: int) -> socket.socket:
    """Return a socket of ours for a connection that a transport still holds."""
    return socket.socket(fileno=os.dup(descriptor))
