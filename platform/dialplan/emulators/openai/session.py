"""The session configuration: what the defaults are, how an update is merged, what is refused.

Follows the `session.update` reference: only present fields change, `null` clears, tagged unions
(`format`, `turn_detection`, tool choice) are replaced and never merged into each other.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openai.types.realtime import RealtimeSessionCreateRequest
from pydantic import ValidationError

from dialplan.emulators.openai.audio import AudioFormat
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.mind import ToolDefinition

Json = Mapping[str, Any]

_SERVER_VAD: Final[Json] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: Final[Json] = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_CLEARED: Final[Json] = {
    "instructions": "",
    "tools": [],
    "tool_choice": "auto",
    "output_modalities": ["audio"],
    "max_output_tokens": "inf",
    "truncation": "auto",
    "parallel_tool_calls": True,
}


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """Voice activity detection as set; durations in milliseconds."""

    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    idle_timeout_ms: int | None
    create_response: bool
    interrupt_response: bool


class SessionConfig:
    """The effective configuration of one session."""

    def __init__(self, *, session_id: str, model: str, expires_at: int) -> None:
        self._config: dict[str, Any] = {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": model,
            "expires_at": expires_at,
            "include": None,
            "prompt": None,
            "tracing": None,
            **copy.deepcopy(dict(_CLEARED)),
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": dict(_SERVER_VAD),
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "voice": "alloy",
                    "speed": 1.0,
                },
            },
        }

    def wire(self) -> dict[str, Any]:
        """The configuration as the `session` of an event."""
        return copy.deepcopy(self._config)

    def update(self, changes: Json, *, has_spoken: bool) -> None:
        """Merge `changes`, all or nothing.

        Raises:
            ClientEventError: a value is wrong, or may not change (any more).
        """
        if changes.get("type") != "realtime":
            raise ClientEventError(
                "invalid_value",
                "Invalid 'session.type': this endpoint holds 'realtime' sessions only.",
                "session.type",
            )
        try:
            RealtimeSessionCreateRequest.model_validate(changes)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            param = ".".join(["session", *map(str, first["loc"])])
            raise ClientEventError(
                "invalid_value", f"Invalid '{param}': {first['msg']}.", param
            ) from error
        merged = _merge(self._config, changes)
        self._refuse_forbidden(merged, has_spoken=has_spoken)
        self._config = merged

    def _refuse_forbidden(self, merged: Json, *, has_spoken: bool) -> None:
        if merged["model"] != self._config["model"]:
            raise ClientEventError(
                "invalid_value",
                "The model of a session cannot be changed.",
                "session.model",
            )
        voice = merged["audio"]["output"]["voice"]
        if has_spoken and voice != self._config["audio"]["output"]["voice"]:
            raise ClientEventError(
                "cannot_update_voice",
                "Cannot update a conversation's voice if assistant audio is present.",
                "session.audio.output.voice",
            )
        detection = merged["audio"]["input"]["turn_detection"]
        if detection is not None and not 0 <= detection.get("threshold", 0) <= 1:
            raise ClientEventError(
                "invalid_value",
                "Invalid 'session.audio.input.turn_detection.threshold': expected 0 to 1.",
                "session.audio.input.turn_detection.threshold",
            )

    @property
    def instructions(self) -> str:
        """The prompt of the agent now speaking."""
        return str(self._config["instructions"])

    @property
    def tools(self) -> Sequence[Json]:
        """The tools as they came."""
        return tuple(self._config["tools"])

    @property
    def tool_choice(self) -> str:
        """`auto`, `none`, `required` or the name of one tool."""
        return tool_choice(self._config["tool_choice"])

    @property
    def speaks(self) -> bool:
        """Whether responses are audio."""
        return "audio" in self._config["output_modalities"]

    @property
    def max_output_tokens(self) -> int | None:
        """The limit of one response, or None."""
        return token_limit(self._config["max_output_tokens"])

    @property
    def input_format(self) -> AudioFormat:
        """The format of appended audio."""
        return _format(self._config["audio"]["input"]["format"])

    @property
    def output_format(self) -> AudioFormat:
        """The format of audio deltas."""
        return _format(self._config["audio"]["output"]["format"])

    @property
    def voice(self) -> str:
        """The voice the session speaks with; a name here."""
        return str(self._config["audio"]["output"]["voice"])

    @property
    def transcribes(self) -> bool:
        """Whether the client wants to know what the caller said."""
        return self._config["audio"]["input"]["transcription"] is not None

    @property
    def language(self) -> str | None:
        """The language set for transcription, if any."""
        transcription = self._config["audio"]["input"]["transcription"] or {}
        language = transcription.get("language")
        return language if isinstance(language, str) else None

    @property
    def turn_detection(self) -> TurnDetection | None:
        """Turn detection, or None when the client commits turns itself."""
        found = self._config["audio"]["input"]["turn_detection"]
        if found is None:
            return None
        # Semantic detection is emulated by silence: it has no durations of its own.
        full = {**_SERVER_VAD, **found}
        return TurnDetection(
            threshold=float(full["threshold"]),
            prefix_padding_ms=int(full["prefix_padding_ms"]),
            silence_duration_ms=int(full["silence_duration_ms"]),
            idle_timeout_ms=full["idle_timeout_ms"],
            create_response=bool(full["create_response"]),
            interrupt_response=bool(full["interrupt_response"]),
        )


def tool_choice(value: object) -> str:
    """Flatten a tool choice: a mode, or the name of the function that must be called."""
    if isinstance(value, Mapping):
        return str(value.get("name", "required"))
    return str(value)


def token_limit(value: object) -> int | None:
    """`inf` and null are no limit."""
    return value if isinstance(value, int) else None


def definitions(tools: Sequence[Json]) -> tuple[ToolDefinition, ...]:
    """The function tools among `tools`; other kinds run on the server and are not emulated."""
    return tuple(
        ToolDefinition(
            name=str(tool["name"]),
            description=str(tool.get("description") or ""),
            parameters=tool.get("parameters") or {"type": "object", "properties": {}},
        )
        for tool in tools
        if tool.get("type") == "function" and isinstance(tool.get("name"), str)
    )


def _format(value: Json | None) -> AudioFormat:
    match (value or {}).get("type"):
        case "audio/pcmu":
            return "audio/pcmu"
        case "audio/pcma":
            return "audio/pcma"
        case _:
            return "audio/pcm"


def _merge(config: Json, changes: Json) -> dict[str, Any]:
    merged = copy.deepcopy(dict(config))
    for name, value in changes.items():
        if name == "audio":
            _merge_audio(merged["audio"], value or {})
        elif name not in ("id", "object", "expires_at", "type"):
            cleared = value is None and name in _CLEARED
            merged[name] = copy.deepcopy(_CLEARED[name] if cleared else value)
    return merged


def _merge_audio(audio: dict[str, Any], changes: Json) -> None:
    for side in ("input", "output"):
        for name, value in (changes.get(side) or {}).items():
            if value is None and side == "output":
                continue
            audio[side][name] = _complete(name, copy.deepcopy(value))


def _complete(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if name == "format" and value.get("type") == "audio/pcm":
        return {"type": "audio/pcm", "rate": 24000}
    if name == "turn_detection":
        defaults = _SEMANTIC_VAD if value.get("type") == "semantic_vad" else _SERVER_VAD
        present = {key: entry for key, entry in value.items() if entry is not None}
        return {**defaults, **present}
    return value
