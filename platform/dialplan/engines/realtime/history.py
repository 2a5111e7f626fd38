"""What was said and done in a call, as the frames that tell a fresh session of it.

Holds caller speech: nothing here may be logged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dialplan.call.playback import Truncation, payload_bytes
from dialplan.protocols.realtime import client


@dataclass(slots=True)
class _Said:
    text: str = ""
    audio_bytes: int = 0
    heard_ms: int | None = None

    def heard(self, bytes_per_ms: int) -> str:
        """The words that were heard, cut in proportion: the model gives no time for a word."""
        if self.heard_ms is None:
            return self.text
        total_ms = self.audio_bytes // bytes_per_ms
        share = min(self.heard_ms / total_ms, 1.0) if total_ms else 0.0
        words = self.text.split()
        return " ".join(words[: int(len(words) * share)])


class History:
    """The conversation in order of arrival, whose speech has so many bytes a millisecond."""

    def __init__(self, bytes_per_ms: int = client.BYTES_PER_MS["pcmu"]) -> None:
        self._bytes_per_ms = bytes_per_ms
        self._entries: dict[str, str | _Said] = {}
        self._forgotten: set[str] = set()

    def caller_said(self, item_id: str, text: str) -> None:
        """Note a turn of the caller."""
        key = f"caller {item_id}"
        if key in self._forgotten:
            return
        if text.strip():
            self._entries[key] = client.message("user", text)
        else:
            self._entries.pop(key, None)

    def caller_spoke(self, item_id: str) -> None:
        """Keep the place of a turn whose words are not known yet."""
        self._entries.setdefault(f"caller {item_id}", "")

    def agent_audio(self, item_id: str, payload_b64: str) -> None:
        """Note audio of an item."""
        self._said(item_id).audio_bytes += payload_bytes(payload_b64)

    def agent_said(self, item_id: str, text: str) -> None:
        """Note the words of an item."""
        self._said(item_id).text = text

    def truncated(self, cut: Truncation) -> None:
        """Note how much of an item was heard."""
        if f"agent {cut.item_id}" not in self._forgotten:
            self._said(cut.item_id).heard_ms = cut.audio_end_ms

    def called(self, call_id: str, name: str, arguments: str) -> None:
        """Note a tool call."""
        self._entries[f"call {call_id}"] = client.function_call(call_id, name, arguments)

    def answered(self, call_id: str, output: str) -> None:
        """Note the answer to a tool call."""
        self._entries[f"output {call_id}"] = client.function_output(call_id, output)

    def cut(self, kept_from: Collection[str]) -> None:
        """Forget what precedes the first of these items and calls, but no call that is open."""
        before: list[str] = []
        for key in self._entries:
            if key.partition(" ")[2] in kept_from:
                break
            before.append(key)
        else:
            return
        answered = {key.partition(" ")[2] for key in before if key.startswith("output ")}
        for key in before:
            kind, _, own_id = key.partition(" ")
            if kind != "call" or own_id in answered:
                del self._entries[key]
                self._forgotten.add(key)

    def frames(self) -> list[str]:
        """The frames for a fresh session, oldest first."""
        frames = []
        for entry in self._entries.values():
            if isinstance(entry, str):
                frames.append(entry)
            elif heard := entry.heard(self._bytes_per_ms):
                frames.append(client.message("assistant", heard))
        return [frame for frame in frames if frame]

    def _said(self, item_id: str) -> _Said:
        key = f"agent {item_id}"
        said = self._entries.get(key)
        if said is None:
            said = self._entries[key] = _Said()
        if isinstance(said, str):  # keys of speech never hold a frame
            raise TypeError(f"entry `{item_id}` is not speech")
        return said
