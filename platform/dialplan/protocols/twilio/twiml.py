"""TwiML: typed verbs -> the XML that tells Twilio what to do with a call.

Follows "TwiML for Programmable Voice". It refuses what Twilio would refuse (or, worse, would
quietly drop), so that a mistake is seen here and not by a caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

MAX_BYTES = 64 * 1024
MAX_SAY_CHARS = 4096
MAX_PARAMETER_CHARS = 500
MAX_NUMBERS = 10

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# XML 1.0, "Characters": everything else makes Twilio reject the whole document (12100).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a text of at most 4096 characters."""

    text: str
    voice: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Play an audio file."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait, in whole seconds."""

    length: int = 1


@dataclass(frozen=True, slots=True)
class Dial:
    """Call one to ten numbers at once; the first to answer is connected.

    `timeout` is how long they ring, `time_limit` how long they may talk, in seconds.
    """

    numbers: str | tuple[str, ...]
    timeout: int | None = None
    action: str | None = None
    caller_id: str | None = None
    answer_on_bridge: bool = False
    time_limit: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """Connect the call to a media stream both ways; `action` is asked what to do when it ends."""

    url: str
    action: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    status_callback: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller.

    `action` is required: without it Twilio asks the current URL again, which is a loop.
    """

    action: str
    max_length: int = 120
    timeout: int = 5
    finish_on_key: str | None = None
    play_beep: bool = True
    recording_status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at another URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call without answering it; only as the first verb."""

    reason: Literal["rejected", "busy"] = "rejected"


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Verb = Say | Play | Pause | Dial | ConnectStream | Record | Redirect | Reject | Hangup


def render(*verbs: Verb) -> str:
    """Return the document of these verbs.

    Raises:
        ValueError: Twilio would refuse the document, or drop a part of it.
    """
    response = Element("Response")
    for verb in verbs:
        _append(response, verb)
    document = '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")
    size = len(document.encode())
    if size >= MAX_BYTES:
        raise ValueError(f"expected a document under {MAX_BYTES} bytes, got {size}: say less")
    return document


def _append(response: Element, verb: Verb) -> None:
    match verb:
        case Say():
            if len(verb.text) > MAX_SAY_CHARS:
                raise ValueError(f"expected at most {MAX_SAY_CHARS} characters in `Say`: split it")
            _add(response, "Say", verb.text, voice=verb.voice, language=verb.language)
        case Play():
            _add(response, "Play", verb.url)
        case Pause():
            _add(response, "Pause", length=str(verb.length))
        case Dial():
            _dial(response, verb)
        case ConnectStream():
            _connect(response, verb)
        case Record():
            _add(
                response,
                "Record",
                action=verb.action,
                method="POST",
                maxLength=str(verb.max_length),
                timeout=str(verb.timeout),
                finishOnKey=verb.finish_on_key,
                playBeep=_boolean(verb.play_beep),
                recordingStatusCallback=verb.recording_status_callback,
            )
        case Redirect():
            _add(response, "Redirect", verb.url, method="POST")
        case Reject():
            if len(response):
                raise ValueError("expected `Reject` as the first verb: later it does nothing")
            _add(response, "Reject", reason=verb.reason)
        case Hangup():
            _add(response, "Hangup")
        case _:
            assert_never(verb)


def _dial(response: Element, verb: Dial) -> None:
    numbers = (verb.numbers,) if isinstance(verb.numbers, str) else verb.numbers
    if not 1 <= len(numbers) <= MAX_NUMBERS:
        raise ValueError(f"expected 1 to {MAX_NUMBERS} numbers in `Dial`, got {len(numbers)}")
    dial = _add(
        response,
        "Dial",
        timeout=_number(verb.timeout),
        timeLimit=_number(verb.time_limit),
        action=verb.action,
        method="POST" if verb.action else None,
        callerId=verb.caller_id,
        answerOnBridge=_boolean(True) if verb.answer_on_bridge else None,
    )
    for number in numbers:
        _add(dial, "Number", number)


def _connect(response: Element, verb: ConnectStream) -> None:
    _check_stream_url(verb.url)
    connect = _add(response, "Connect", action=verb.action, method="POST" if verb.action else None)
    stream = _add(
        connect,
        "Stream",
        url=verb.url,
        name=verb.name,
        statusCallback=verb.status_callback,
        statusCallbackMethod="POST" if verb.status_callback else None,
    )
    for name, value in verb.parameters.items():
        if len(name) + len(value) >= MAX_PARAMETER_CHARS:
            raise ValueError(
                f"expected name and value of `Parameter` under {MAX_PARAMETER_CHARS} characters, "
                f"got {len(name) + len(value)} for `{name[:40]}`: send a reference instead"
            )
        _add(stream, "Parameter", name=name, value=value)


def _check_stream_url(url: str) -> None:
    parts = urlsplit(url)
    if "?" in url:
        raise ValueError(
            "expected a stream url without `?`: Twilio drops the query; use parameters"
        )
    if not parts.hostname:
        raise ValueError("expected an absolute stream url, got one without a host")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in _LOOPBACK):
        raise ValueError(
            f"expected scheme `wss` in the stream url, got `{parts.scheme}`: "
            "only a loopback host may use `ws`"
        )


def _add(
    parent: Element, tag: str, text: str | None = None, /, **attributes: str | None
) -> Element:
    element = SubElement(
        parent,
        tag,
        {name: _clean(value) for name, value in attributes.items() if value is not None},
    )
    if text is not None:
        element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    return _NOT_XML.sub(" ", text)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)
