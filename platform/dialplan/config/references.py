"""Names that must mean something: agents, tools, state, secrets, destinations, template variables.

Runs only on a vertical whose shape is right; adds problems to its source, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dialplan.config.problem import did_you_mean
from dialplan.config.shape import locate
from dialplan.config.source import Source, Value
from dialplan.graph.reach import reachable
from dialplan.model.shape import Json
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import TemplateProblem, names_used

CALL_NAMES = ("id", "from", "to", "now", "digits", "open", "hours_today", "next_opening")
"""What `call.` and `:call.` know: its id, numbers, the moment by the clock of the business, what
the caller last entered on the keypad, and the hours of the business."""

_MANY = "*"
Steps = tuple[str | int, ...]


def check(source: Source, root: Value, vertical: Vertical, prompts: Mapping[str, str]) -> None:
    """Note every reference of a vertical that leads nowhere."""
    checker = _Checker(source, root, vertical)
    checker.agents(prompts)
    checker.speech()
    checker.tools()
    checker.tables()


class _Checker:
    def __init__(self, source: Source, root: Value, vertical: Vertical) -> None:
        self._source = source
        self._root = root
        self._vertical = vertical
        self._phones = [
            name for name, variable in vertical.variables.items() if variable.type == "phone"
        ]
        self._everywhere = {
            *vertical.variables,
            *(f"call.{name}" for name in CALL_NAMES),
        }
        self._in_call = self._everywhere | {f"state.{name}" for name in vertical.state}

    def _note(self, steps: Steps, code: str, message: str, hint: str = "") -> None:
        place, path = locate(self._root, steps)
        self._source.problem(place, code, message, hint, path)

    def _known(
        self, name: str, known: Iterable[str], what: str, code: str, steps: Steps, *, key: bool
    ) -> None:
        known = list(known)
        if name not in known:
            place, path = locate(self._root, steps, key=key)
            listed = ", ".join(f"`{one}`" for one in known)
            hint = did_you_mean(name, known) or (
                f"known: {listed}" if listed else "none is declared"
            )
            self._source.problem(place, code, f"no {what} named `{name}`", hint, path)

    def agents(self, prompts: Mapping[str, str]) -> None:
        vertical = self._vertical
        entries = [name for name, agent in vertical.agents.items() if agent.entry]
        if len(entries) != 1:
            listed = ", ".join(f"`{name}`" for name in entries) or "none"
            hint = "set `entry: true` on the one that answers the call"
            self._note(("agents",), "E307", f"expected exactly one entry agent, got {listed}", hint)
        for name, agent in vertical.agents.items():
            at: Steps = ("agents", name)
            for index, tool in enumerate(agent.tools):
                self._known(tool, vertical.tools, "tool", "E302", (*at, "tools", index), key=False)
            for target, handoff in agent.handoffs.items():
                step = (*at, "handoffs", target)
                self._known(target, vertical.agents, "agent", "E301", step, key=True)
                for index, field in enumerate(handoff.carry):
                    where = (*step, "carry", index)
                    self._known(field, vertical.state, "state", "E304", where, key=False)
                if handoff.announce:
                    self._template(handoff.announce, self._in_call, (*step, "announce"))
            if name in prompts:
                self._template(prompts[name], self._in_call, (*at, "prompt"))
        if len(entries) == 1:
            reached = reachable(vertical.agents, entries[0])
            for name in sorted(vertical.agents.keys() - reached):
                place, path = locate(self._root, ("agents", name), key=True)
                hint = "add a handoff to it, or remove it"
                self._source.problem(place, "W401", "nobody hands over to this agent", hint, path)

    def speech(self) -> None:
        vertical = self._vertical
        self._template(vertical.voice.greeting, self._everywhere, ("voice", "greeting"))
        away = vertical.when_unavailable
        if away is not None:
            self._template(away.say, self._everywhere, ("when_unavailable", "say"))
            if not isinstance(away.then, str):
                self._destination(away.then.dial, ("when_unavailable", "then", "dial"))
        for name, endpoint in vertical.endpoints.items():
            if endpoint.auth is not None:
                steps = ("endpoints", name, "auth", "bearer")
                self._known(
                    endpoint.auth.bearer, vertical.secrets, "secret", "E305", steps, key=False
                )

    def _destination(self, name: str, steps: Steps) -> None:
        self._known(name, self._phones, "variable of type phone", "E303", steps, key=False)

    def tools(self) -> None:
        vertical = self._vertical
        used = {tool for agent in vertical.agents.values() for tool in agent.tools}
        for name, tool in vertical.tools.items():
            at: Steps = ("tools", name)
            if name not in used:
                place, path = locate(self._root, at, key=True)
                self._source.problem(place, "W402", "no agent has this tool", path=path)
            for index, field in enumerate(tool.requires):
                steps = (*at, "requires", index)
                self._known(field, vertical.state, "state", "E304", steps, key=False)
            if tool.to is not None:
                self._destination(tool.to, (*at, "to"))
            self._tool(at, tool)

    def _tool(self, at: Steps, tool: Tool) -> None:
        own = self._in_call | tool.parameters.keys()
        for name, parameter in tool.parameters.items():
            if isinstance(parameter.default, str):
                steps = (*at, "parameters", name, "default")
                self._template(parameter.default, self._in_call, steps)
        for key in ("start", "slow", "failed"):
            words = getattr(tool.say, key)
            if words is not None:
                self._template(words, own, (*at, "say", key))
        if tool.confirm is not None:
            self._confirm(at, tool, own)
        if tool.http is not None:
            self._http(at, tool, own)
        answer = own | ({f"response.{_MANY}"} if tool.http else {f"result.{_MANY}"})
        for name, words in tool.result.items():
            self._template(words, answer, (*at, "result", name))
        for name, words in tool.set.items():
            steps = (*at, "set", name)
            self._known(name, self._vertical.state, "state", "E304", steps, key=True)
            self._template(words, own | {f"result.{_MANY}"}, steps)

    def _confirm(self, at: Steps, tool: Tool, own: set[str]) -> None:
        confirm = tool.confirm
        if confirm is None:
            return
        # What a lookup gives is checked with its SQL.
        known = own if confirm.lookup is None else own | {_MANY}
        self._template(confirm.say, known, (*at, "confirm", "say"))

    def _http(self, at: Steps, tool: Tool, own: set[str]) -> None:
        if tool.http is None:
            return
        known = own | {f"endpoints.{name}" for name in self._vertical.endpoints}
        http = (*at, "http")
        self._template(tool.http.url, known, (*http, tool.http.method.lower()))
        for part in ("query", "headers"):
            for name, words in getattr(tool.http, part).items():
                self._template(words, known, (*http, part, name))
        for steps, words in _texts(tool.http.body, (*http, "json")):
            self._template(words, known, steps)

    def _template(self, words: str, known: Iterable[str], steps: Steps) -> None:
        known = set(known)
        place, path = locate(self._root, steps)
        try:
            used = names_used(words)
        except TemplateProblem as problem:
            self._source.problem(place, "E306", str(problem), path=path)
            return
        for name in sorted(used):
            owner = name.partition(".")[0]
            if {name, owner, _MANY, f"{owner}.{_MANY}"} & known:
                continue
            hint = did_you_mean(name, known)
            self._source.problem(place, "E309", f"nothing is named `{name}` here", hint, path)

    def tables(self) -> None:
        tables = self._vertical.database.tables
        for name, table in tables.items():
            at: Steps = ("database", "tables", name)
            for column, what in table.columns.items():
                if what.references is not None:
                    steps = (*at, "columns", column, "references")
                    self._known(what.references, tables, "table", "E310", steps, key=False)
            for index, columns in enumerate(table.unique):
                for inner, column in enumerate(columns):
                    where = (*at, "unique", index, inner)
                    self._known(column, table.columns, "column", "E310", where, key=False)


def _texts(body: Json, steps: Steps) -> list[tuple[Steps, str]]:
    if isinstance(body, str):
        return [(steps, body)]
    if isinstance(body, dict):
        return [one for key, item in body.items() for one in _texts(item, (*steps, key))]
    if isinstance(body, list):
        return [one for at, item in enumerate(body) for one in _texts(item, (*steps, at))]
    return []
