"""The SQL of tools against the tables of the vertical: names, types, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dialplan.config.lint.notes import Notes
from dialplan.config.lint.texts import TemplateText
from dialplan.config.steps import Steps
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical
from dialplan.sql.analysis import Analysis, analyse
from dialplan.sql.scope import Finding
from dialplan.sql.statement import read_statement, writes
from dialplan.sql.table_faults import TableFault, misled, table_faults
from dialplan.sql.tables import tables_for_sql
from dialplan.sql.types import bind_types
from dialplan.sql.written import SqlProblem, Written, write_sql

_BUILTIN_GIVES: Mapping[str, tuple[str, ...]] = {
    "transfer": ("transferred_to",),
    "hang_up": ("hanging_up",),
    "send_sms": ("sent",),
    "take_message": ("taken",),
}


@dataclass(frozen=True, slots=True)
class ToolSql:
    """What the SQL of a tool, its lookup included, was found to do.

    Attributes:
        binds: the values that it names.
        writes: whether it changes rows.
        whole: whether all of it could be read.
    """

    binds: frozenset[str]
    tables: frozenset[str]
    writes: bool
    whole: bool


def check_sql(
    notes: Notes,
    vertical: Vertical,
    texts: list[TemplateText],
    declared: Collection[str] = (),
) -> dict[str, ToolSql]:
    """Note what is wrong with the SQL of all tools; what it does, for the other checks.

    `declared` are names that may be bound although the file says nothing right of their type.
    """
    for fault in table_faults(vertical.database.tables):
        if not _is_said(vertical, fault):
            _table_fault(notes, fault)
    checker = _Checker(notes, vertical, declared)
    done = {name: checker.tool(name, tool) for name, tool in vertical.tools.items()}
    for text in texts:
        if text.tool is not None:
            checker.template(text, vertical.tools[text.tool])
    return done


def _is_said(vertical: Vertical, fault: TableFault) -> bool:
    """Whether a reference to no table at all is what is wrong: that is said with the names."""
    column = vertical.database.tables[fault.table].columns.get(fault.column)
    if column is None or not misled(column, vertical.database.tables) or fault.steps:
        return False
    return column.references not in vertical.database.tables


def _table_fault(notes: Notes, fault: TableFault) -> None:
    steps: Steps = ("database", "tables", fault.table)
    steps = (*steps, "columns", fault.column) if fault.column else steps
    if not fault.text:
        where = (*steps, *fault.steps)
        notes.at(where, "E509", fault.message, fault.hint, key=not fault.steps)
        return
    hint = fault.hint or notes.hint(fault.name, fault.known)
    if not hint and fault.known:
        hint = f"known: {', '.join(f'`{name}`' for name in fault.known[:12])}"
    where = notes.written((*steps, *fault.steps))
    notes.inside(where, fault.text, fault.span, "E511", fault.message, hint)


def check_query(notes: Notes, vertical: Vertical, steps: Steps, sql: str) -> None:
    """Note what is wrong with a query that binds nothing and may only read."""
    _Checker(notes, vertical, ()).statement(steps, sql, {}, reads=True)


class _Checker:
    def __init__(self, notes: Notes, vertical: Vertical, declared: Collection[str]) -> None:
        self._notes = notes
        self._declared = declared
        self._vertical = vertical
        self._tables = tables_for_sql(vertical.database.tables)
        self._gives: dict[str, tuple[str, ...] | None] = {}
        self._lookups: dict[str, tuple[str, ...] | None] = {}

    def tool(self, name: str, tool: Tool) -> ToolSql:
        binds: set[str] = set()
        tables: set[str] = set()
        changes, whole = False, True
        at: Steps = ("tools", name)
        statements = [((*at, "sql"), tool.sql, False)]
        if tool.confirm is not None:
            statements.append(((*at, "confirm", "lookup"), tool.confirm.lookup, True))
        for steps, sql, reads in statements:
            if sql is None:
                continue
            read = self.statement(steps, sql, bind_types(self._vertical, tool), reads=reads)
            if read is None:
                whole = False
                continue
            written, analysis, changing = read
            binds |= set(written.names)
            tables |= analysis.tables
            changes |= changing
            kept = self._lookups if reads else self._gives
            kept[name] = (
                None if any(f.fault == "table" for f in analysis.findings) else (analysis.outputs)
            )
        return ToolSql(frozenset(binds), frozenset(tables), changes, whole)

    def statement(
        self, steps: Steps, sql: str, types: Mapping[str, str], *, reads: bool
    ) -> tuple[Written, Analysis, bool] | None:
        """Note what is wrong with a statement; what it does, where all of it can be read."""
        if pasted := _PASTED.search(sql):
            hint = f"bind the value: `:{pasted['name']}`, without quotes"
            message = "a template is not filled in SQL"
            self._notes.inside(steps, sql, pasted.span(), "E502", message, hint)
            return None
        try:
            written = write_sql(sql, types)
            unknown = self._unbound(steps, written, types)
            statement = read_statement(written, self._vertical.name)
        except SqlProblem as problem:
            code = "E501" if problem.fault == "unreadable" else "E502"
            self._notes.inside(steps, sql, (problem.start, problem.end), code, str(problem))
            return None
        changing = writes(statement)
        if reads and changing:
            message = "expected a SELECT, got a statement that writes"
            self._notes.inside(steps, sql, written.place(0), "E502", message)
        analysis = analyse(statement, self._tables)
        for finding in analysis.findings:
            self._found(steps, written, finding)
        return None if unknown else (written, analysis, changing)

    def _unbound(self, steps: Steps, written: Written, types: Mapping[str, str]) -> bool:
        known = {*types, *self._declared}
        unknown = [bind for bind in written.binds if bind.name not in known]
        for bind in unknown:
            hint = self._notes.hint(bind.name, known) or "declare it under `parameters`"
            span = (bind.start, bind.end)
            message = f"nothing to bind to `:{bind.name}`"
            self._notes.inside(steps, written.source, span, "E308", message, hint)
        return bool(unknown)

    def _found(self, steps: Steps, written: Written, finding: Finding) -> None:
        match finding.fault:
            case "table":
                code = "E503"
            case "column":
                code = "E504"
            case "ambiguous":
                code = "E505"
            case "type":
                code = "E506"
            case "insert":
                code = "E508"
            case "write":
                code = "E510"
            case "doubt":
                code = "W460"
        hint = finding.hint or self._notes.hint(finding.name, finding.known)
        if not hint and finding.known:
            few = [f"`{name}`" for name in finding.known[:12]]
            hint = f"known: {', '.join(few)}{', ...' if len(finding.known) > 12 else ''}"
        span = written.place(finding.location)
        if finding.name:
            at = written.source.find(finding.name, span[0], span[0] + 200)
            if at >= 0 and not written.source[span[0] : at].strip(" ." + _WORD):
                span = (at, at + len(finding.name))
        self._notes.inside(steps, written.source, span, code, finding.message, hint)

    def template(self, text: TemplateText, tool: Tool) -> None:
        part = text.steps[2]
        if part in ("result", "set"):
            self._result(text, tool, inner=part == "set" and bool(tool.result))
        elif part == "confirm" and text.tool in self._lookups:
            self._question(text, tool)

    def _result(self, text: TemplateText, tool: Tool, *, inner: bool) -> None:
        known: tuple[str, ...] | None
        if inner:
            known = tuple(tool.result)
        elif tool.sql is not None:
            known = self._gives.get(text.tool or "")
            if known == ():
                known = ("rows",)
        elif tool.builtin is not None:
            known = _BUILTIN_GIVES.get(tool.builtin)
        else:
            known = None
        members = sorted(
            name.partition(".")[2] for name in text.names if name.startswith("result.")
        )
        for member in members:
            if tool.sql is not None and not inner and tool.returns != "one":
                gives = "a list of rows" if tool.returns == "many" else "a number"
                message = f"`returns: {tool.returns}` gives {gives}: it has no `{member}`"
                self._notes.at(text.steps, "E507", message, "set `returns: one`")
            elif known is not None and member not in known:
                message = f"the result has no `{member}`"
                hint = self._notes.hint(member, known) or _listed(known)
                self._notes.at(text.steps, "E507", message, hint)

    def _question(self, text: TemplateText, tool: Tool) -> None:
        columns = self._lookups[text.tool or ""]
        if columns is None:
            return
        own = {*tool.parameters, *self._vertical.variables, *columns}
        for name in sorted(text.names):
            owner = name.partition(".")[0]
            if owner not in own and owner not in ("state", "call"):
                hint = self._notes.hint(name, own) or _listed(columns)
                self._notes.at(text.steps, "E309", f"nothing is named `{name}` here", hint)


_PASTED = re.compile(r"\{\{\s*(?P<name>[A-Za-z_][\w.]*)\s*(\|[^{}]*)?\}\}")
"""A template; `{{a,b},{c,d}}` is a list of lists."""
_WORD = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"'


def _listed(names: tuple[str, ...]) -> str:
    return f"known: {', '.join(f'`{name}`' for name in names)}" if names else ""
