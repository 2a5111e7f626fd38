"""TwiML as the emulated carrier reads it: strict about form, nothing about what verbs do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

MAX_BYTES = 64 * 1024


class TwimlFault(Exception):
    """A document that cannot be followed. `code` is from Twilio's error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Verb:
    """An element: its name, its text, its attributes, and the nouns inside."""

    name: str
    text: str
    attributes: Mapping[str, str]
    nouns: tuple[Verb, ...]


def read(text: str) -> tuple[Verb, ...]:
    """Return the verbs of a document.

    Raises:
        TwimlFault: 12100 no XML or no `<Response>`, 11750 too large.
    """
    body = text.encode()
    if len(body) > MAX_BYTES:
        raise TwimlFault(11750, "TwiML response body too large")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise TwimlFault(12100, "document type declarations are not followed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - declarations were refused above
    except ElementTree.ParseError as error:
        raise TwimlFault(12100, f"document parse failure: {error}") from error
    if root.tag != "Response":
        raise TwimlFault(12100, f"expected `Response` as the root, got `{root.tag[:40]}`")
    return tuple(_verb(element) for element in root)


def _verb(element: ElementTree.Element) -> Verb:
    return Verb(
        element.tag,
        (element.text or "").strip(),
        dict(element.attrib),
        tuple(_verb(child) for child in element),
    )
