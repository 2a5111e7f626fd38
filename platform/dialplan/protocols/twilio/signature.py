"""`X-Twilio-Signature`: signing and checking, and the form that is signed.

Follows Twilio's "Webhooks security". Nothing here reads a header or a setting: the caller says
which tokens and which URLs (its configured public origin) may have been used.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from urllib.parse import parse_qsl

from dialplan.errors import ProtocolError

MAX_FIELDS = 1000
"""Most fields a form may have; a real webhook has about thirty."""

_DEFAULT_PORTS = {"https": "443", "wss": "443", "http": "80", "ws": "80"}


def sign(token: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """Return the signature of a request: base64 of HMAC-SHA1 over the URL and the sorted fields.

    `url` is used as it stands. For a GET or a WebSocket upgrade `params` is empty.
    """
    # Names sort by code point; the values of a repeated name are sorted and counted once.
    signed = url + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.new(token.encode(), signed.encode("utf-8", "surrogatepass"), sha1).digest()
    return b64encode(digest).decode()


def is_valid(
    tokens: Sequence[str],
    urls: Sequence[str],
    params: Sequence[tuple[str, str]],
    signature: str,
) -> bool:
    """Tell whether any of the tokens signed any of the URLs; compares in constant time."""
    given = signature.encode("utf-8", "surrogatepass")
    valid = False
    for token in tokens:
        for url in urls:
            # No early exit: the time taken tells nothing about which one matched.
            valid |= hmac.compare_digest(sign(token, url, params).encode(), given)
    return valid


def url_variants(url: str) -> tuple[str, ...]:
    """Return the URLs Twilio may have signed: as configured, without its port, with the default.

    Twilio's back ends differ on whether the port is part of the signed URL. A fragment (connection
    overrides) is never signed. The rest of the URL is not normalised: its encoding is signed too.
    """
    url = url.partition("#")[0]
    scheme, separator, rest = url.partition("://")
    default = _DEFAULT_PORTS.get(scheme.lower())
    if not separator or default is None:
        return (url,)
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, tail = rest[:end], rest[end:]
    userinfo, at_sign, host = authority.rpartition("@")
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and (name.endswith("]") or ":" not in name):
        return (url, f"{scheme}://{userinfo}{at_sign}{name}{tail}")
    return (url, f"{scheme}://{authority}:{default}{tail}")


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form body in order: blanks and repeats kept, decoded exactly once.

    Raises:
        ProtocolError: more than `MAX_FIELDS` fields.
    """
    try:
        return parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise ProtocolError(f"expected at most {MAX_FIELDS} form fields, got more") from error
