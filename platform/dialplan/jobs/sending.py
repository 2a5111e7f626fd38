"""Sends the fields of a call to whom they concern: which sends apply, and one try of one of them.

A send goes where a tool's request may go and no further: the vertical's endpoints, with the
tenant's secrets, past the same guard of addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.errors import ToolError, TryLater
from dialplan.jobs.over import OverCall, zone_of
from dialplan.jobs.reading import names_of
from dialplan.model.after_call import AfterCall, Send
from dialplan.model.shape import Json
from dialplan.model.tool import Http
from dialplan.prompts.render import TemplateProblem, says_no
from dialplan.runtime.directory import Line
from dialplan.tools.http import HttpCaller, NoAnswer
from dialplan.tools.requests import Prepared, prepare_request
from dialplan.tools.values import evaluate

_BODY = {"call": "{{ call }}", "fields": "{{ fields }}"}
_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Sent:
    """A service took a send. `target` is the method and the host, nothing of the address."""

    target: str
    status: int


def due(after: AfterCall, names: Mapping[str, object]) -> list[int]:
    """Return the numbers of the sends that apply; the first of the vertical's is 1.

    One whose `when` cannot be filled is among them: `send` says what is wrong with it.
    """
    found: list[int] = []
    for number, one in enumerate(after.send, 1):
        try:
            if _applies(one, names):
                found.append(number)
        except ToolError:
            found.append(number)
    return found


def prepare_send(number: int, call: OverCall, line: Line, fields: Mapping[str, Json]) -> Prepared:
    """Fill the templates of a send, by its number from 1.

    Raises:
        ToolError: they cannot be filled, or a secret is missing: no later try would help.
    """
    vertical = line.vertical.vertical
    after = vertical.after_call
    if after is None or not 1 <= number <= len(after.send):
        raise ToolError(f"the vertical `{vertical.name}` has no send {number} under `after_call`")
    one, names = after.send[number - 1], names_of(call, line, fields)
    _applies(one, names)
    try:
        return prepare_request(
            _with_body(one.http),
            vertical.endpoints,
            names,
            line.secrets,
            zone_of(line.variables),
            tenant=line.tenant,
        )
    except TemplateProblem as error:
        raise ToolError(f"the request of send {number}: {error}") from error


def target_of(request: Prepared) -> str:
    """Return whom a request is for, such as `POST crm.example.com`: fit for records and logs."""
    return request.target


async def send(
    number: int, call: OverCall, line: Line, fields: Mapping[str, Json], http: HttpCaller
) -> Sent:
    """Send once, with the few quick tries of the endpoint; `number` counts from 1.

    `Idempotency-Key` is the same for every try, so that a service can tell a repetition.

    Raises:
        TryLater: the service is away or has too much to do (408, 425, 429, 5xx, no answer).
        ToolError: it never will: refused (any other status), forbidden, or not filled.
    """
    request = prepare_send(number, call, line, fields)
    key = f"{call.call_sid}:send:{number}"
    try:
        response = await http.send(request, key=key, reads=False)
    except NoAnswer as error:
        raise TryLater(str(error), after_s=error.after_s) from error
    target = target_of(request)
    if 200 <= response.status < 300:
        return Sent(target, response.status)
    message = f"{target} answered with status {response.status}"
    if response.status in _LATER or response.status >= 500:
        raise TryLater(message, after_s=response.retry_after_s)
    raise ToolError(message)


def _applies(one: Send, names: Mapping[str, object]) -> bool:
    if one.when is None:
        return True
    try:
        found = evaluate(one.when, names)
    except TemplateProblem as error:
        raise ToolError(f"`when`: {error}") from error
    if isinstance(found, str):
        return not says_no(found)
    return bool(found)


def _with_body(http: Http) -> Http:
    """Let a request that can carry the call and its fields do so where it has no body."""
    if http.method in ("GET", "DELETE") or http.model_fields_set & {"body", "form", "text"}:
        return http
    return http.model_copy(update={"body": _BODY})
