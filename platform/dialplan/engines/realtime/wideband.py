"""Where the audio of one call changes between the line's mu-law and the model's `pcm24k`."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass

from dialplan.call.events import ResponseEnded, SpeechArrived, SpeechFinished
from dialplan.engines.engine import EngineEvent, EngineSink, PeerFault
from dialplan.protocols.wideband import Narrower, Widener

# soxr filters in blocks, of 2**10 samples unless told otherwise, and gives nothing before one is
# full. Its smallest takes the longest delay from 75 to 32 ms. Nothing but the environment tells it:
# the binding for Python leaves `soxr_runtime_spec` out.
_BLOCKS = {"SOXR_MIN_DFT_SIZE": "8", "SOXR_LARGE_DFT_SIZE": "8"}


@dataclass(slots=True)
class _Item:
    response_id: str
    content_index: int
    narrower: Narrower


class Wideband:
    """Both ways of one call. Each item the model speaks is a stream of its own, up to its end."""

    def __init__(self, sink: EngineSink) -> None:
        """Pass events on to `sink`, speech as mu-law."""
        for name, size in _BLOCKS.items():
            os.environ.setdefault(name, size)
        self._sink = sink
        self._widener = Widener()
        self._items: dict[str, _Item] = {}

    def widen(self, mulaw: bytes) -> bytes:
        """Return the caller's mu-law as PCM; empty while the filter fills."""
        return self._widener.feed(mulaw)

    def down(self, event: EngineEvent) -> None:
        """Take an event of the model, whose speech is PCM; an `EngineSink`."""
        match event:
            case SpeechArrived():
                self._arrived(event)
            case SpeechFinished(item_id):
                item = self._items.pop(item_id, None)
                if item is not None:
                    self._pass(item_id, item, item.narrower.finish())
                self._sink(event)
            case ResponseEnded(response_id):
                # Cut off or lost: whatever of it was not finished is not wanted any more.
                for item_id in [k for k, v in self._items.items() if v.response_id == response_id]:
                    del self._items[item_id]
                self._sink(event)
            case _:
                self._sink(event)

    def _arrived(self, event: SpeechArrived) -> None:
        try:
            pcm = base64.b64decode(event.payload)
        except binascii.Error:
            self._sink(PeerFault("agent audio that is not base64"))
            return
        item = self._items.get(event.item_id)
        if item is None:
            item = _Item(event.response_id, event.content_index, Narrower())
            self._items[event.item_id] = item
        self._pass(event.item_id, item, item.narrower.feed(pcm))

    def _pass(self, item_id: str, item: _Item, audio: bytes) -> None:
        if audio:
            payload = base64.b64encode(audio).decode()
            self._sink(SpeechArrived(item.response_id, item_id, item.content_index, payload))
