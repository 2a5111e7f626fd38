"""A function that a YAML file may name as a tool, what it may know of the call, how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

_MARK = "__dialplan_tool__"

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Call:
    """The call that a tool runs in, as it is when the tool starts. Changes reach nobody.

    Attributes:
        id: the call's id (Twilio's CallSid).
        tenant: whose line was called.
        vertical: name of the vertical that answers.
        agent: name of the agent that speaks.
        caller: the caller's number in E.164, or what the carrier sends for a withheld one.
        called: the called number in E.164.
        now: the moment, in the time zone of the business.
        variables: the tenant's values.
        state: what the call knows so far.
        secrets: the tenant's values of the vertical's secrets. Never log them.
    """

    id: str
    tenant: str
    vertical: str
    agent: str
    caller: str = field(repr=False)
    called: str
    now: datetime
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    state: Mapping[str, object] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Refused(Exception):
    """Raised by a tool that will not do what it was asked for.

    The one argument is a sentence for the model: why, and what to do instead.
    """


def tool(function: Function) -> Function:
    """Mark a function as one that agents may be given. No other function can be named in YAML.

    It is called with its parameters by name, and with the `Call` where it has a parameter `call`.
    It returns what JSON can hold (dates and decimals too), or None for nothing found. A function
    that is not `async` runs in a thread.
    """
    setattr(function, _MARK, True)
    return function


def is_tool(function: object) -> bool:
    """Whether this is a marked function."""
    return callable(function) and getattr(function, _MARK, False) is True
