"""Names that are declared and never used, and state that nothing fills."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.config.lint.notes import Notes
from dialplan.config.lint.sql import ToolSql
from dialplan.config.lint.texts import TemplateText
from dialplan.config.steps import Steps
from dialplan.model.tool import Destination, Tool
from dialplan.model.vertical import Vertical

_BY_THE_PLATFORM = frozenset({"timezone"})
"""Variables that the platform itself reads: the clock of `call.now`."""


def check_usage(
    notes: Notes, vertical: Vertical, texts: list[TemplateText], sql: Mapping[str, ToolSql]
) -> None:
    """Note what is declared in vain; quiet where SQL that cannot be read might use it."""
    whole = all(one.whole for one in sql.values())
    names = {name for text in texts for name in text.names}
    binds = {name for one in sql.values() for name in one.binds}
    _state(notes, vertical, names | binds, whole=whole)
    _endpoints_and_secrets(notes, vertical, names)
    _collections(notes, vertical)
    if whole:
        _variables(notes, vertical, names, binds)
        _tables(notes, vertical, sql)
    for name, tool in vertical.tools.items():
        if sql[name].whole:
            _parameters(notes, ("tools", name), tool, _of_tool(name, texts) | sql[name].binds)


def _of_tool(tool: str, texts: list[TemplateText]) -> set[str]:
    return {
        name.partition(".")[0]
        for text in texts
        if text.tool == tool and text.steps[2] != "parameters"
        for name in text.names
    }


def _state(notes: Notes, vertical: Vertical, used: set[str], *, whole: bool) -> None:
    filled = {field for tool in vertical.tools.values() for field in tool.set}
    handoffs = [one for agent in vertical.agents.values() for one in agent.handoffs.values()]
    # A handoff that names nothing to carry tells the next agent all of it.
    carried = {field for one in handoffs for field in one.carry or tuple(vertical.state)}
    required = {field for tool in vertical.tools.values() for field in tool.requires}
    for field in vertical.state:
        read = f"state.{field}" in used or "state" in used or field in required
        if read and field not in filled and field not in required:
            message = f"`{field}` is read, and no tool sets it: it is always empty"
            hint = "fill it in a tool's `set`, or do not read it"
            notes.at(("state", field), "W422", message, hint, key=True)
        elif whole and not read and not (field in filled and field in carried):
            hint = "read it, or remove it"
            notes.at(("state", field), "W421", f"nothing reads `{field}`", hint, key=True)


def _variables(notes: Notes, vertical: Vertical, names: set[str], binds: set[str]) -> None:
    used = {name.partition(".")[0] for name in names} | _BY_THE_PLATFORM
    used |= {name for tool in vertical.tools.values() for name in tool.destinations}
    away = vertical.when_unavailable
    if away is not None and not isinstance(away.then, str):
        used.add(away.then.dial)
    for name in vertical.variables:
        if name not in used and f"variables.{name}" not in binds:
            message = f"nothing uses the variable `{name}`"
            notes.at(("variables", name), "W420", message, "use it, or remove it", key=True)


def _endpoints_and_secrets(notes: Notes, vertical: Vertical, names: set[str]) -> None:
    servers = {tool.mcp.server for tool in vertical.tools.values() if tool.mcp is not None}
    for name in vertical.mcp_servers:
        if name not in servers:
            message = f"no tool is one of `{name}`"
            notes.at(("mcp_servers", name), "W424", message, "use it, or remove it", key=True)
    for name in vertical.endpoints:
        if f"endpoints.{name}" not in names and "endpoints" not in names:
            message = f"no tool talks to `{name}`"
            notes.at(("endpoints", name), "W424", message, "use it, or remove it", key=True)
    auths = [one.auth for one in vertical.endpoints.values() if one.auth is not None]
    used = {name for auth in auths for name in auth.names()}
    used |= {name for one in vertical.mcp_servers.values() for name in one.names()}
    if any(tool.python is not None for tool in vertical.tools.values()):
        return  # a function may read any of them
    for index, secret in enumerate(vertical.secrets):
        if secret not in used:
            message = f"nothing uses the secret `{secret}`"
            hint = "name it in the `auth` of an endpoint, or remove it"
            notes.at(("secrets", index), "W423", message, hint)


def _collections(notes: Notes, vertical: Vertical) -> None:
    used = {tool.knowledge for tool in vertical.tools.values()}
    for name in vertical.knowledge:
        if name not in used:
            message = f"no tool looks anything up in `{name}`"
            hint = f"add a tool with `knowledge: {name}`, or remove it"
            notes.at(("knowledge", name), "W441", message, hint, key=True)


def _tables(notes: Notes, vertical: Vertical, sql: Mapping[str, ToolSql]) -> None:
    tables = vertical.database.tables
    used: set[str] = set()
    waiting = [name for one in sql.values() for name in one.tables]
    while waiting:
        name = waiting.pop()
        if name in tables and name not in used:
            used.add(name)
            columns = tables[name].columns.values()
            waiting += [one.references for one in columns if one.references is not None]
    for name in tables:
        if name not in used:
            message = f"no SQL uses the table `{name}`"
            hint = "use it, or remove it"
            notes.at(("database", "tables", name), "W425", message, hint, key=True)


def _parameters(notes: Notes, at: Steps, tool: Tool, used: set[str]) -> None:
    if tool.python or tool.mcp or tool.specialist:
        return  # it is given all of them
    if isinstance(tool.to, Destination):
        used = used | {tool.to.by}
    if tool.builtin in ("transfer", "hang_up"):
        return  # a reason that the model must give makes it think, and is kept with the call
    spoken = {"message"} if tool.builtin is not None else set()
    if tool.knowledge is not None:
        spoken.add("question")
    for name in tool.parameters:
        if name not in used | spoken:
            message = f"`{name}` is asked for and then not used"
            hint = "use it, or do not ask the caller for it"
            notes.at((*at, "parameters", name), "W426", message, hint, key=True)
