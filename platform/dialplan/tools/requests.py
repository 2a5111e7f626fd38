"""An `http` tool's templates, filled: a request ready to be sent, or why there is none.

Pure. A value of the caller's cannot leave its place: its segment of a path, its header, its field.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from dialplan.errors import ToolError
from dialplan.model.endpoint import Auth, Endpoint
from dialplan.model.tool import Http
from dialplan.prompts.render import render, render_address
from dialplan.tools.tokens import Login
from dialplan.tools.values import evaluate_json, plain

FORM = "application/x-www-form-urlencoded"
_RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_UNSENDABLE = re.compile(r"[^\t -~]")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request ready to be sent; what it carries is caller data and stays out of its repr.

    Attributes:
        login: who asks for the token that it needs, None when it needs none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes | None
    endpoint: Endpoint
    login: Login | None = field(default=None)

    @property
    def target(self) -> str:
        """The method and the host, nothing else: fit for records and logs."""
        return f"{self.method} {urlsplit(self.url).hostname}"

    def __repr__(self) -> str:
        """The method and the host, nothing else."""
        return f"Prepared({self.target})"


def prepare_request(
    http: Http,
    endpoints: Mapping[str, Endpoint],
    values: Mapping[str, object],
    secrets: Mapping[str, str],
    zone: tzinfo,
    *,
    tenant: str = "",
) -> Prepared:
    """Fill a request's templates; a value in the address is encoded and cannot change its path.

    Raises:
        ToolError: the address is not under an endpoint, or a secret is missing.
    """
    addresses = {name: one.base_url for name, one in endpoints.items()}
    url = render_address(http.url, {**_encoded(values), "endpoints": addresses})
    endpoint = _endpoint_of(url, endpoints.values())
    if any(part in (".", "..") for part in urlsplit(url).path.split("/")):
        raise ToolError("the address of the request has a `.` or `..` in its path")
    names = {**values, "endpoints": addresses}
    headers = {name: render(value, names) for name, value in http.headers.items()}
    content, content_type = _body(http, names, zone)
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    login = None
    if endpoint.auth is not None:
        headers |= static_headers(endpoint.auth, secrets)
        login = login_of(endpoint.auth, secrets, tenant)
    for name, value in headers.items():
        if name.lower() in _RESERVED_HEADERS or _UNSENDABLE.search(value):
            raise ToolError(f"the header `{name}` cannot be sent")
    query = {name: render(value, names) for name, value in http.query.items()}
    return Prepared(http.method, url, headers, query, content, endpoint, login)


def token_request(login: Login, endpoint: Endpoint) -> Prepared:
    """The request for a token (RFC 6749, sections 2.3.1 and 4.4.2)."""
    fields = {"grant_type": "client_credentials"}
    if login.scope is not None:
        fields["scope"] = login.scope
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    if login.in_body:
        fields |= {"client_id": login.client_id, "client_secret": login.client_secret}
    else:
        name, password = quote_plus(login.client_id), quote_plus(login.client_secret)
        headers["Authorization"] = _basic(name, password)
    return Prepared("POST", login.token_url, headers, {}, urlencode(fields).encode(), endpoint)


def _body(http: Http, names: Mapping[str, object], zone: tzinfo) -> tuple[bytes | None, str]:
    if http.form is not None:
        fields = {name: render(value, names) for name, value in http.form.items()}
        return urlencode(fields).encode(), FORM
    if http.text is not None:
        return render(http.text, names).encode(), "text/plain; charset=utf-8"
    if http.body is not None:
        return json.dumps(plain(evaluate_json(http.body, names), zone)).encode(), "application/json"
    return None, ""


def static_headers(auth: Auth, secrets: Mapping[str, str]) -> dict[str, str]:
    """The headers that authorise a request and never change; raises ToolError."""
    if auth.bearer is not None:
        return {"Authorization": f"Bearer {_secret(auth.bearer, secrets)}"}
    if auth.basic is not None:
        user = secrets.get(auth.basic.user, auth.basic.user)
        if ":" in user:
            raise ToolError("the name of `basic` holds a colon, which no request can carry")
        return {"Authorization": _basic(user, _secret(auth.basic.password, secrets))}
    return {name: _secret(secret, secrets) for name, secret in (auth.header or {}).items()}


def login_of(auth: Auth, secrets: Mapping[str, str], tenant: str) -> Login | None:
    """Who asks for a token; None where none is needed. Raises ToolError."""
    if auth.oauth2 is None:
        return None
    return Login(
        tenant,
        auth.oauth2.token_url,
        secrets.get(auth.oauth2.client_id, auth.oauth2.client_id),
        _secret(auth.oauth2.client_secret, secrets),
        auth.oauth2.scope,
        auth.oauth2.send == "body",
    )


def _secret(name: str, secrets: Mapping[str, str]) -> str:
    secret = secrets.get(name)
    if not secret:
        raise ToolError(f"the secret `{name}` has no value for this tenant")
    return secret


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _endpoint_of(url: str, endpoints: Iterable[Endpoint]) -> Endpoint:
    matching = [
        one
        for one in endpoints
        if url == one.base_url or url.startswith((f"{one.base_url}/", f"{one.base_url}?"))
    ]
    if not matching:
        raise ToolError("the address of the request is not under any of the vertical's `endpoints`")
    return max(matching, key=lambda one: len(one.base_url))


def _encoded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _encode(value) for name, value in values.items()}


def _encode(value: object) -> object:
    match value:
        case str():
            # An empty segment would be another address: it counts as no value (see the template).
            return quote(value, safe="") or None
        case Mapping():
            return {key: _encode(item) for key, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
        case _:
            return value
