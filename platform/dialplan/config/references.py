"""Names that must mean something: agents, tools, state, secrets, destinations, template variables.

Adds problems to the source, changes nothing. Concludes nothing from what is broken in the file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterable, Mapping

from dialplan.config.problem import listed
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, exists, locate
from dialplan.graph.reach import reachable
from dialplan.model.database import Index, NoOverlap, Unique
from dialplan.model.kinds import Specialist, after_call_prompt, specialist_prompt
from dialplan.model.known import ENDING, LANGUAGES, REALTIME_MODELS, is_known
from dialplan.model.shape import Json
from dialplan.model.tool import Destination, Http, Tool
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import TemplateProblem, names_used, render

CALL_NAMES = ("id", "from", "to", "now", "digits", "open", "hours_today", "next_opening")
"""What `call.` and `:call.` know: its id, numbers, the moment by the clock of the business, what
the caller last entered on the keypad, and the hours of the business."""

OVER_NAMES = (
    "sid", "from", "to", "tenant", "vertical", "began_at", "ended_at", "duration_s", "reason",
    "agent",
)  # fmt: skip
"""What `call.` knows under `after_call`, of a call that is over."""

_MANY = "*"


def check(source: Source, made: Typed[Vertical], prompts: Mapping[str, str]) -> None:
    """Note every reference of a vertical that leads nowhere."""
    checker = _Checker(source, made)
    checker.agents(prompts)
    checker.speech()
    checker.servers()
    checker.tools(prompts)
    checker.tables()
    checker.after_call(prompts)


class _Checker:
    def __init__(self, source: Source, made: Typed[Vertical]) -> None:
        self._source = source
        self._made = made
        self._vertical = made.content
        self._phones = [
            name
            for name in self._names("variables")
            if made.lost("variables", name) or made.content.variables[name].type == "phone"
        ]
        self._everywhere = {*self._names("variables"), *(f"call.{name}" for name in CALL_NAMES)}
        if made.open("variables"):
            self._everywhere.add(_MANY)
        self._in_call = self._everywhere | {f"state.{name}" for name in self._names("state")}
        if made.open("state"):
            self._in_call.add(f"state.{_MANY}")

    def _names(self, *steps: str | int) -> list[str]:
        return list(self._made.named(*steps))

    def _note(
        self, steps: Steps, code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        if self._made.unsure(*steps):
            return
        place, path = locate(self._made.root, steps, key=key)
        self._source.problem(place, code, message, hint, path)

    def _known(
        self, name: str, section: Steps, what: str, code: str, steps: Steps, *, key: bool = False
    ) -> None:
        """Note a name that a mapping of the file does not declare."""
        if self._made.open(*section):
            return
        self._one_of(name, self._made.named(*section), what, code, steps, key=key)

    def _one_of(
        self,
        name: str,
        known: Collection[str],
        what: str,
        code: str,
        steps: Steps,
        *,
        key: bool = False,
    ) -> None:
        if name not in known:
            hint = self._source.hint(name, known) or (
                f"known: {listed(known)}" if known else "none is declared"
            )
            self._note(steps, code, f"no {what} named `{name}`", hint, key=key)

    def agents(self, prompts: Mapping[str, str]) -> None:
        vertical = self._vertical
        entries = [name for name, agent in vertical.agents.items() if agent.entry]
        whole = not self._made.lost("agents")
        if len(entries) != 1 and whole:
            got = listed(entries) or "none"
            hint = "set `entry: true` on the one that answers the call"
            self._note(("agents",), "E307", f"expected exactly one entry agent, got {got}", hint)
        for name, agent in vertical.agents.items():
            at: Steps = ("agents", name)
            for index, tool in enumerate(agent.tools):
                self._known(tool, ("tools",), "tool", "E302", (*at, "tools", index))
            for target, handoff in agent.handoffs.items():
                step = (*at, "handoffs", target)
                self._known(target, ("agents",), "agent", "E301", step, key=True)
                for index, field in enumerate(handoff.carry):
                    where = (*step, "carry", index)
                    self._known(field, ("state",), "state", "E304", where)
                if handoff.announce:
                    self._template(handoff.announce, self._in_call, (*step, "announce"))
            if name in prompts:
                self._template(prompts[name], self._in_call, (*at, "prompt"))
        targets = {name for agent in vertical.agents.values() for name in agent.handoffs}
        # A handoff to a name that is not there was meant for one that is.
        if len(entries) == 1 and whole and targets <= self._made.named("agents"):
            reached = reachable(vertical.agents, entries[0])
            for name in sorted(vertical.agents.keys() - reached):
                hint = "add a handoff to it, or remove it"
                message = "nobody hands over to this agent"
                self._note(("agents", name), "W401", message, hint, key=True)

    def speech(self) -> None:
        vertical = self._vertical
        self._template(vertical.voice.greeting, self._everywhere, ("voice", "greeting"))
        for name, words in vertical.voice.sentences.of_calls():
            self._template(words, self._everywhere, ("voice", "sentences", name))
        for name, words, known in vertical.voice.sentences.hours.words():
            steps: Steps = ("voice", "sentences", "hours", name)
            if self._template(words, known, steps):
                self._fills(words, dict.fromkeys(known, "9:00"), steps)
        self._voice()
        away = vertical.when_unavailable
        if away is not None:
            self._template(away.say, self._everywhere, ("when_unavailable", "say"))
            if not isinstance(away.then, str):
                self._destination(away.then.dial, ("when_unavailable", "then", "dial"))
        for name, endpoint in vertical.endpoints.items():
            if endpoint.auth is not None and not self._made.open("secrets"):
                for where, secret in endpoint.auth.secrets():
                    steps = ("endpoints", name, "auth", *where)
                    self._one_of(secret, vertical.secrets, "secret", "E305", steps)

    def servers(self) -> None:
        for name, server in self._vertical.mcp_servers.items():
            if not self._made.open("secrets"):
                for where, secret in server.secrets():
                    steps = ("mcp_servers", name, *where)
                    self._one_of(secret, self._vertical.secrets, "secret", "E305", steps)

    def _voice(self) -> None:
        voice = self._vertical.voice
        if voice.model not in (*REALTIME_MODELS, *ENDING):
            hint = (
                self._source.hint(voice.model, REALTIME_MODELS)
                or f"known: {listed(REALTIME_MODELS)}"
            )
            message = f"no model named `{voice.model[:60]}` is known"
            self._note(("voice", "model"), "W301", message, hint)
        tags: list[tuple[Steps, str]] = [(("default",), voice.languages.default)]
        if voice.languages.accept != "all":
            tags += [(("accept", at), tag) for at, tag in enumerate(voice.languages.accept)]
        for steps, tag in tags:
            if not is_known(tag):
                hint = self._source.hint(tag.partition("-")[0], LANGUAGES)
                message = f"the language `{tag}` is not among those understood"
                self._note(("voice", "languages", *steps), "W302", message, hint)

    def _pattern(self, pattern: str, steps: Steps) -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            why = str(error).replace("'", "`")
            self._note(steps, "E317", f"the regular expression cannot be read: {why}")

    def _destination(self, name: str, steps: Steps) -> None:
        if not self._made.open("variables"):
            self._one_of(name, self._phones, "variable of type phone", "E303", steps)

    def tools(self, prompts: Mapping[str, str]) -> None:
        vertical = self._vertical
        used = {tool for agent in vertical.agents.values() for tool in agent.tools}
        experts = [one.specialist for one in vertical.tools.values() if one.specialist is not None]
        used |= {tool for expert in experts for tool in expert.tools}
        # A name that is not there was meant for one that is, which then only looks unused.
        sure_of_use = not self._made.lost("agents") and used <= self._made.named("tools")
        for name, tool in vertical.tools.items():
            at: Steps = ("tools", name)
            if name not in used and sure_of_use:
                self._note(at, "W402", "no agent has this tool", key=True)
            for index, field in enumerate(tool.requires):
                steps = (*at, "requires", index)
                self._known(field, ("state",), "state", "E304", steps)
            if isinstance(tool.to, Destination):
                self._several(tool.to, at)
            elif tool.to is not None:
                self._destination(tool.to, (*at, "to"))
            if tool.knowledge is not None:
                where = (*at, "knowledge")
                self._known(tool.knowledge, ("knowledge",), "collection", "E318", where)
            self._tool(at, tool)
            if tool.mcp is not None:
                steps = (*at, "mcp", "server")
                self._known(tool.mcp.server, ("mcp_servers",), "MCP server", "E325", steps)
            if tool.specialist is not None:
                self._specialist((*at, "specialist"), tool.specialist)
                if (prompt := prompts.get(specialist_prompt(name))) is not None:
                    self._template(prompt, self._in_call, (*at, "specialist", "prompt"))

    def _said(self, steps: Steps) -> Steps:
        """Steps to a text that the short form writes without its last key."""
        return steps if exists(self._made.root, steps) else steps[:-1]

    def _several(self, to: Destination, at: Steps) -> None:
        parameters = (*at, "parameters")
        self._known(to.by, parameters, "parameter", "E309", (*at, "to", "by"))
        for value, name in to.lines.items():
            self._destination(name, (*at, "to", "lines", value))
        self._destination(to.otherwise, (*at, "to", "else"))

    def _tool(self, at: Steps, tool: Tool) -> None:
        own = {*self._in_call, *self._names(*at, "parameters")}
        if self._made.open(*at, "parameters"):
            own.add(_MANY)
        for name, parameter in tool.parameters.items():
            if parameter.pattern is not None:
                self._pattern(parameter.pattern, (*at, "parameters", name, "pattern"))
            if isinstance(parameter.default, str):
                steps = (*at, "parameters", name, "default")
                self._template(parameter.default, self._in_call, steps)
        for key in ("start", "slow", "failed"):
            words = getattr(tool.say, key)
            if words is not None:
                self._template(words, own, self._said((*at, "say", key)))
        if tool.message is not None:
            self._template(tool.message, own, (*at, "message"))
        if tool.refuse is not None:
            self._template(tool.refuse, own, (*at, "refuse"))
        if tool.confirm is not None:
            self._confirm(at, tool, own)
        if tool.http is not None:
            self._http((*at, "http"), tool.http, own)
        answer = own | ({f"response.{_MANY}"} if tool.http else {f"result.{_MANY}"})
        for name, words in tool.result.items():
            self._template(words, answer, (*at, "result", name))
        for name, words in tool.set.items():
            steps = (*at, "set", name)
            self._known(name, ("state",), "state", "E304", steps, key=True)
            self._template(words, own | {f"result.{_MANY}"}, steps)

    def _specialist(self, at: Steps, specialist: Specialist) -> None:
        for index, name in enumerate(specialist.tools):
            steps = (*at, "tools", index)
            self._known(name, ("tools",), "tool", "E302", steps)
            tool = self._vertical.tools.get(name)
            if tool is None or not (tool.specialist or tool.builtin not in (None, "answer")):
                continue
            what = "asks a specialist" if tool.specialist else "does something to the call"
            hint = "give it to the agent that speaks with the caller"
            self._note(steps, "E326", f"a specialist cannot have `{name}`: it {what}", hint)

    def _confirm(self, at: Steps, tool: Tool, own: set[str]) -> None:
        confirm = tool.confirm
        if confirm is None:
            return
        # What a lookup gives is checked with its SQL.
        known = own if confirm.lookup is None else own | {_MANY}
        self._template(confirm.say, known, self._said((*at, "confirm", "say")))
        if confirm.refuse is not None:
            self._template(confirm.refuse, known, (*at, "confirm", "refuse"))

    def _http(self, at: Steps, http: Http, own: set[str], whole: Collection[str] = ()) -> None:
        known = own | {f"endpoints.{name}" for name in self._names("endpoints")}
        if self._made.open("endpoints"):
            known.add(f"endpoints.{_MANY}")
        self._template(http.url, known, (*at, http.method.lower()), whole)
        for part in ("query", "headers", "form"):
            for name, words in (getattr(http, part) or {}).items():
                self._template(words, known, (*at, part, name), whole)
        if http.text is not None:
            self._template(http.text, known, (*at, "text"), whole)
        for steps, words in _texts(http.body, (*at, "json")):
            self._template(words, known, steps, whole)

    def after_call(self, prompts: Mapping[str, str]) -> None:
        after = self._vertical.after_call
        if after is None:
            return
        over = set(self._names("variables")) | {f"call.{name}" for name in OVER_NAMES}
        over |= {f"state.{name}" for name in self._names("state")} | {"transcript"}
        over |= {_MANY} if self._made.open("variables") else set()
        over |= {f"state.{_MANY}"} if self._made.open("state") else set()
        if (prompt := prompts.get(after_call_prompt())) is not None:
            self._template(prompt, over, ("after_call", "prompt"), ("call", "state"))
        over |= {f"fields.{name}" for name in self._names("after_call", "fields")}
        over |= {f"fields.{_MANY}"} if self._made.open("after_call", "fields") else set()
        whole = ("call", "state", "fields")
        for number, send in enumerate(after.send):
            at: Steps = ("after_call", "send", number)
            if send.when is not None:
                self._template(send.when, over, (*at, "when"), whole)
            self._http((*at, "http"), send.http, over, whole)

    def _fills(self, words: str, values: Mapping[str, object], steps: Steps) -> None:
        # Every prompt reads the hours: what cannot be filled would end each call at its start.
        try:
            render(words, values)
        except TemplateProblem as problem:
            self._note(steps, "E306", str(problem))

    def _template(
        self, words: str, known: Iterable[str], steps: Steps, whole: Collection[str] = ()
    ) -> bool:
        """Note names that are not `known`; those of `whole` may stand without a member.

        Return whether the template can be read and all its names are known.
        """
        known = set(known)
        try:
            used = names_used(words)
        except TemplateProblem as problem:
            self._note(steps, "E306", str(problem))
            return False
        fine = True
        for name in sorted(used):
            owner = name.partition(".")[0]
            if name in whole or {name, owner, _MANY, f"{owner}.{_MANY}"} & known:
                continue
            fine = False
            hint = self._source.hint(name, known)
            self._note(steps, "E309", f"nothing is named `{name[:60]}` here", hint)
        return fine

    def tables(self) -> None:
        tables = self._vertical.database.tables
        for name, table in tables.items():
            at: Steps = ("database", "tables", name)
            for column, what in table.columns.items():
                if what.references is not None:
                    steps = (*at, "columns", column, "references")
                    self._known(what.references, ("database", "tables"), "table", "E310", steps)
            for key in ("unique", "indexes", "no_overlap"):
                for index, group in enumerate(getattr(table, key)):
                    self._columns(at, (*at, key, index), group)

    def _columns(self, table: Steps, at: Steps, group: Unique | Index | NoOverlap) -> None:
        # In the short form the list of columns is all there is.
        long = (*at, "columns")
        there = long if exists(self._made.root, long) else at
        for number, column in enumerate(group.columns):
            self._known(column, (*table, "columns"), "column", "E310", (*there, number))
        if isinstance(group, NoOverlap):
            for number, column in enumerate(group.per):
                self._known(column, (*table, "columns"), "column", "E310", (*at, "per", number))


def _texts(body: Json, steps: Steps) -> list[tuple[Steps, str]]:
    if isinstance(body, str):
        return [(steps, body)]
    if isinstance(body, dict):
        return [one for key, item in body.items() for one in _texts(item, (*steps, key))]
    if isinstance(body, list):
        return [one for at, item in enumerate(body) for one in _texts(item, (*steps, at))]
    return []
