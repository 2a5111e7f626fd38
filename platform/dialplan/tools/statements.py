"""The SQL of a vertical's tools, compiled once, and the values that are bound in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dialplan.errors import ToolError
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical
from dialplan.sql.money import currencies_of
from dialplan.sql.statement import CompiledSql, compile_sql
from dialplan.sql.types import bind_types
from dialplan.tools.state import CallState


def statements(vertical: Vertical) -> dict[str, CompiledSql]:
    """What `sql` tools run, by tool. Raises ToolError naming the place."""
    return {
        name: _compile(name, vertical, tool, tool.sql)
        for name, tool in vertical.tools.items()
        if tool.sql is not None
    }


def lookups(vertical: Vertical) -> dict[str, CompiledSql]:
    """What `confirm.lookup` asks, by tool. Raises ToolError naming the place."""
    return {
        name: _compile(name, vertical, tool, tool.confirm.lookup, reads=True)
        for name, tool in vertical.tools.items()
        if tool.confirm is not None and tool.confirm.lookup is not None
    }


def binds(
    vertical: Vertical, arguments: Mapping[str, object], call: CallState
) -> dict[str, object]:
    """Every value that a statement may bind: parameters, state, call and variables."""
    known = {name: arguments.get(name) for name in arguments}
    known |= {f"state.{name}": call.state.get(name) for name in vertical.state}
    known |= {f"call.{name}": value for name, value in call.about().items()}
    return known | {
        f"variables.{name}": call.variables.get(name, variable.default)
        for name, variable in vertical.variables.items()
    }


def _compile(
    name: str, vertical: Vertical, tool: Tool, source: str, *, reads: bool = False
) -> CompiledSql:
    where = f"tools.{name}.confirm.lookup" if reads else f"tools.{name}.sql"
    try:
        compiled = compile_sql(source, bind_types(vertical, tool), vertical.name)
    except ToolError as error:
        raise ToolError(f"{where}: {error}") from error
    if reads and compiled.writes:
        raise ToolError(f"{where}: expected a SELECT, got a statement that writes")
    money = currencies_of(compiled.text, vertical.database.tables)
    return replace(compiled, currencies=money) if money else compiled
