"""Tools: what a model would choose wrong, and what would be done twice."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec

from dialplan.config.lint.likeness import alike
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.sql import ToolSql
from dialplan.config.steps import Steps
from dialplan.model.tool import Parameter, Tool
from dialplan.model.vertical import Vertical

LONG_WAIT = timedelta(seconds=10)
"""A tool that may take longer than this needs words while it does."""

_VAGUE = frozenset(
    "arg args argument data field flag id info input key kind param parameter ref text thing type "
    "val value values".split()
)
"""Names that say nothing of what a caller is to be asked for."""
_TELLING_TYPES = ("date", "time", "datetime", "phone", "email")


def check_tools(notes: Notes, vertical: Vertical, sql: Mapping[str, ToolSql]) -> None:
    """Note what is wrong with tools one by one, and between those of an agent."""
    for name, tool in vertical.tools.items():
        at: Steps = ("tools", name)
        if _acts(tool, sql[name]) and tool.confirm is None and not tool.idempotent:
            message = "it changes something, and nothing keeps it from being done twice"
            notes.at(at, "W411", message, "add `confirm`, `idempotent: true` or both", key=True)
        works = tool.builtin is None
        if works and tool.timeout > LONG_WAIT and tool.say.slow is None:
            message = f"it may take {_seconds(tool.timeout)}, in silence"
            notes.at((*at, "timeout"), "W413", message, "add `say.slow`, or a shorter `timeout`")
        for key, message, hint in _unread(tool):
            notes.at((*at, *key), "W418", message, hint, key=True)
        if tool.python is not None:
            _installed(notes, (*at, "python"), tool.python)
        for one, parameter in tool.parameters.items():
            _parameter(notes, (*at, "parameters", one), one, parameter)
    _alike(notes, vertical)
    for name, server in vertical.mcp_servers.items():
        idle = ("env", "`command`") if server.url is not None else ("auth", "`url`")
        if idle[0] in server.model_fields_set:
            where: Steps = ("mcp_servers", name, idle[0])
            notes.at(where, "W418", *_for(*idle), key=True)


def _unread(tool: Tool) -> Iterator[tuple[Steps, str, str]]:
    """Yield what is written and read by nothing: the key, why, and what to do."""
    written = tool.model_fields_set
    sends = tool.builtin in ("send_sms", "take_message")
    for key, of, read in (
        ("returns", "`sql`", tool.sql is not None),
        ("top", "`knowledge`", tool.knowledge is not None),
        ("at_least", "`knowledge`", tool.knowledge is not None),
        ("to", "`transfer` and `take_message`", tool.builtin in ("transfer", "take_message")),
        ("message", "`send_sms` and `take_message`", sends),
    ):
        if key in written and not read:
            yield (key,), *_for(key, of)
    if tool.say.slow is None:
        if "after" in tool.say.model_fields_set:
            yield ("say", "after"), *_for("after", "`slow`")
    elif tool.say.after >= tool.timeout:
        message = f"the tool is given up after {_seconds(tool.timeout)}, before this is said"
        yield ("say", "slow"), message, "write a shorter `after`, or a longer `timeout`"


def _for(key: str, of: str) -> tuple[str, str]:
    return f"`{key}` is read with {of} alone", "remove it"


def _installed(notes: Notes, steps: Steps, name: str) -> None:
    # Only the package is looked for: to look further would run its code.
    package = re.split("[.:]", name)[0]
    if package not in sys.modules and find_spec(package) is None:
        message = f"no package named `{package}` is installed here"
        notes.at(steps, "W417", message, "install it where the server runs")


def _acts(tool: Tool, sql: ToolSql) -> bool:
    http = tool.http is not None and tool.http.method != "GET"
    return sql.writes or http or tool.builtin in ("send_sms", "take_message")


def _parameter(notes: Notes, steps: Steps, name: str, parameter: Parameter) -> None:
    if parameter.enum is not None and len(parameter.enum) < 2:
        listed = f"`{parameter.enum[0]}`" if parameter.enum else "nothing"
        message = f"the only value allowed is {listed}"
        notes.at((*steps, "enum"), "W414", message, "remove the parameter, or allow more")
    if says_little(name, parameter.description, parameter.enum, parameter.type):
        message = f"`{name}` does not say what to ask the caller for"
        notes.at(steps, "W415", message, "add a `description`", key=True)


def says_little(
    name: str, description: str | None, enum: Collection[str] | None, kind: str | None
) -> bool:
    """Whether neither its name nor anything beside it tells a model what a value is."""
    told = description or enum or kind in _TELLING_TYPES
    return not told and (name in _VAGUE or len(name) < 3)


def _alike(notes: Notes, vertical: Vertical) -> None:
    told: set[tuple[str, str]] = set()
    for agent in vertical.agents.values():
        names = [name for name in dict.fromkeys(agent.tools) if name in vertical.tools]
        for at, name in enumerate(names):
            for other in names[:at]:
                pair = (min(name, other), max(name, other))
                one, two = vertical.tools[name].description, vertical.tools[other].description
                if pair not in told and alike(one, two):
                    told.add(pair)
                    message = f"a model cannot tell this from `{other}`"
                    hint = "say what each is for, and what it is not for"
                    notes.at(("tools", name, "description"), "W410", message, hint)


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g}s"
