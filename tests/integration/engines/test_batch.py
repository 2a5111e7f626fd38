"""The caller's audio, joined on an event loop: nothing is lost, reordered or kept too long."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.engines.realtime.batch import AudioBatch


@given(pieces=st.lists(st.binary(max_size=700)), batch_ms=st.integers(20, 100))
def test_audio_is_the_same_whatever_pieces_it_came_in(pieces: list[bytes], batch_ms: int) -> None:
    async def joined() -> list[bytes]:
        sent: list[bytes] = []
        batch = AudioBatch(batch_ms, 8, sent.append)
        for piece in pieces:
            batch.add(piece)
        batch.flush()
        batch.drop()
        return sent

    sent = asyncio.run(joined())

    assert b"".join(sent) == b"".join(pieces)
    assert all(len(one) >= batch_ms * 8 for one in sent[:-1])


async def test_a_full_batch_is_sent_at_once_and_a_frame_less_is_not() -> None:
    sent: list[bytes] = []
    batch = AudioBatch(40, 8, sent.append)
    frame = bytes(160)

    batch.add(frame)
    assert sent == []
    batch.add(frame)

    assert [len(one) for one in sent] == [320]
    batch.drop()


@pytest.mark.parametrize("wait_s", [0.0, 0.015, 0.03])
async def test_what_is_left_over_waits_no_longer_than_a_batch(wait_s: float) -> None:
    loop = asyncio.get_running_loop()
    sent: asyncio.Queue[float] = asyncio.Queue()
    rang: list[str] = []

    def send(_audio: bytes) -> None:
        sent.put_nowait(loop.time())
        rang.append("sent")

    batch = AudioBatch(40, 8, send)
    frame = bytes(160)
    batch.add(frame)
    batch.add(frame)

    await asyncio.sleep(wait_s)
    began = loop.time()
    batch.add(frame)
    # A timer of the same loop: what holds one up holds up both, and they ring in their order.
    loop.call_later(0.06, rang.append, "late")
    async with asyncio.timeout(30):
        await sent.get()
        at = await sent.get()

    assert 0.03 < at - began
    assert rang[:2] == ["sent", "sent"]


async def test_a_frame_that_is_a_batch_waits_for_nothing() -> None:
    sent: list[bytes] = []
    batch = AudioBatch(20, 8, sent.append)

    batch.add(bytes(160))

    assert sent == [bytes(160)]


async def test_dropped_audio_is_never_sent() -> None:
    sent: list[bytes] = []
    batch = AudioBatch(20, 8, sent.append)

    batch.add(bytes(80))
    batch.drop()
    await asyncio.sleep(0.05)

    assert sent == []
