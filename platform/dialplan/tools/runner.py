"""Runs a tool for the model, from its arguments to its answer. Never raises, always answers.

What goes wrong is logged without the caller's words; the model reads a fixed sentence.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy.exc import DBAPIError

from dialplan.errors import ToolError, ToolRefused
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import TemplateProblem, render
from dialplan.tools import answers
from dialplan.tools.answers import Answer
from dialplan.tools.arguments import ArgumentProblem, check_arguments
from dialplan.tools.builtins import run_builtin
from dialplan.tools.deeds import key_of, state_read
from dialplan.tools.elsewhere import Elsewhere
from dialplan.tools.http import HttpCaller, prepare_request
from dialplan.tools.logged import facts_of, who_ran
from dialplan.tools.ports import CallActions, Ledger, LookUp, Transactions
from dialplan.tools.queries import Once, Queries
from dialplan.tools.refusals import Refusals
from dialplan.tools.state import NEVER, Agreement, CallState
from dialplan.tools.statements import binds, lookups, statements
from dialplan.tools.values import convert, evaluate, plain, region_of

logger = logging.getLogger(__name__)

Speak = Callable[[str], None]


class ToolRunner:
    """The tools of one vertical, for one call."""

    def __init__(
        self,
        vertical: Vertical,
        *,
        transactions: Transactions,
        http: HttpCaller,
        actions: CallActions,
        ledger: Ledger,
        on_start: Speak | None = None,
        on_slow: Speak | None = None,
        mocks: Mapping[str, object] | None = None,
        look_up: LookUp | None = None,
        elsewhere: Elsewhere | None = None,
        prompts: Mapping[str, str] | None = None,
    ) -> None:
        """Compile every statement; raises ToolError for SQL that cannot be taken.

        Args:
            vertical: whose tools.
            transactions: opens a transaction as a tenant.
            http: sends requests; shared between calls.
            actions: this call's line.
            ledger: notes every run.
            on_start: is given what the caller hears when a tool starts; must not block.
            on_slow: the same for a tool that takes long.
            mocks: results given instead of running a tool; None is nothing found, and a ToolError
                is raised.
            look_up: the vertical's articles; without it tools of the kind `knowledge` fail.
            elsewhere: does the work of `python`, `mcp` and `specialist` tools.
            prompts: the instructions of specialists.
        """
        self._vertical = vertical
        self._queries = Queries(transactions)
        self._refusals = Refusals(vertical.database.tables)
        self._http = http
        self._actions = actions
        self._ledger = ledger
        self._on_start = on_start
        self._on_slow = on_slow
        self._mocks = mocks or {}
        self._look_up = look_up
        self._elsewhere = elsewhere or Elsewhere()
        self._prompts = prompts or {}
        self._reads = {
            name: state_read(tool, vertical.state) for name, tool in vertical.tools.items()
        }
        self._statements, self._lookups = statements(vertical), lookups(vertical)

    async def run(
        self,
        name: str,
        arguments_json: str,
        call: CallState,
        *,
        scope: Collection[str] | None = None,
    ) -> str:
        """Run a tool and give the JSON text for the model; raises nothing but cancellation.

        `scope` are the tools that whoever asks has, by default those of the agent in charge. No
        other tool runs.
        """
        began = time.monotonic()
        noted: dict[str, object] = {}
        if scope is None:
            agent = self._vertical.agents.get(call.agent)
            scope = () if agent is None else agent.tools
        try:
            if name in scope:
                answer = await self._answer(name, arguments_json, call, noted)
            else:
                logger.warning("tool out of scope", extra=who_ran(name, call))
                answer = answers.out_of_scope(name)
        except Exception as error:
            logger.error("tool failed", extra=facts_of(name, call, error))
            answer = self._failed(name, call, noted)
        except asyncio.CancelledError:
            self._note(name, call, noted, "cancelled", began)
            raise
        self._note(name, call, noted, answer.status, began)
        return answer.text()

    async def _answer(
        self, name: str, arguments_json: str, call: CallState, noted: dict[str, object]
    ) -> Answer:
        tool = self._vertical.tools.get(name)
        if tool is None:
            return answers.invalid("", f"there is no tool `{name}`")
        missing = [one for one in tool.requires if call.state.get(one) is None]
        if missing:
            return answers.needs_first(missing, self._tools_that_set(missing))
        try:
            arguments = check_arguments(
                tool, arguments_json, self._names(call), call.zone, region_of(call.called)
            )
        except ArgumentProblem as problem:
            return answers.invalid(problem.parameter, str(problem))
        noted.update({key: plain(value, call.zone) for key, value in arguments.items()})
        if tool.refuse is not None:
            reason = render(tool.refuse, {**self._names(call), **arguments}).strip()
            if reason:
                return answers.not_possible(reason)
        # The same words about another patient are another deed.
        known = {one: plain(call.state.get(one), call.zone) for one in self._reads[name]}
        key = key_of({"arguments": noted, "state": known})
        try:
            async with asyncio.timeout(tool.timeout.total_seconds()):
                question = await self._question(name, tool, arguments, call, key)
                if question is not None:
                    return question
                return await self._run(name, tool, arguments, call, key)
        except ToolRefused as refused:
            return answers.declined(str(refused))
        except DBAPIError as error:
            sentence = self._refusals.sentence(error)
            if sentence is None:
                raise
            logger.info("tool refused by the data", extra=facts_of(name, call, error))
            return answers.not_possible(sentence)

    async def _question(
        self,
        name: str,
        tool: Tool,
        arguments: Mapping[str, object],
        call: CallState,
        key: str,
    ) -> Answer | None:
        if tool.confirm is None:
            return None
        mark = f"{name} {key}"
        before = call.agreed.get(mark)
        if before is not None and before.holds(call.caller_turns):
            return None
        asked_at = call.asked.get(mark)
        if asked_at is not None and call.caller_turns > asked_at:
            del call.asked[mark]
            call.agreed[mark] = Agreement(1 if before is None else before.number + 1)
            return None
        done = before is not None and before.done
        names = {**self._names(call), **arguments}
        if name in self._lookups:
            row = await self._queries.run(
                self._lookups[name],
                binds(self._vertical, arguments, call),
                "one",
                call,
                limit=tool.timeout.total_seconds(),
            )
            if not isinstance(row, dict):
                return answers.not_found(done_before=done)
            names |= row
        if tool.confirm.refuse is not None:
            reason = render(tool.confirm.refuse, names).strip()
            if reason:
                return answers.not_possible(reason)
        say = render(tool.confirm.say, names)
        # Only after the question exists: a lookup that fails must not count as asked.
        call.asked.setdefault(mark, call.caller_turns)
        return answers.confirm(name, say, done_before=done)

    async def _run(
        self,
        name: str,
        tool: Tool,
        arguments: Mapping[str, object],
        call: CallState,
        key: str,
    ) -> Answer:
        mark = f"{name} {key}"
        agreement = call.agreed.get(mark)
        # Each agreement is one deed; without a question nothing tells a new wish from a retry.
        number = 0 if agreement is None else agreement.number
        once = Once(name, f"{key}.{number}") if tool.idempotent else None
        lock = call.locks.setdefault(mark, asyncio.Lock()) if once else asyncio.Lock()
        slow = self._speak(tool, {**self._names(call), **arguments})
        if agreement is not None and once is None:
            # One word, one deed: a second call at the same time is asked about.
            agreement.until = NEVER
        try:
            async with lock:
                raw = await self._perform(name, tool, arguments, call, once)
        except BaseException:
            if agreement is not None and once is None:
                agreement.until = None  # still agreed to, and still to be done
            raise
        finally:
            if slow is not None:
                slow.cancel()
        if agreement is not None:
            # What is asked for after the caller's next words is another deed.
            agreement.until = call.caller_turns if once and raw is not None else NEVER
        if raw is None:
            return answers.not_known() if tool.knowledge else answers.not_found()
        return self._shown(name, tool, raw, arguments, call)

    async def _perform(
        self,
        name: str,
        tool: Tool,
        arguments: Mapping[str, object],
        call: CallState,
        once: Once | None,
    ) -> object:
        if name in self._mocks:
            mock = self._mocks[name]
            if isinstance(mock, ToolError):
                raise mock
            return mock
        if name in self._statements:
            return await self._queries.run(
                self._statements[name],
                binds(self._vertical, arguments, call),
                tool.returns,
                call,
                limit=tool.timeout.total_seconds(),
                once=once,
            )
        if once is not None:
            kept = await self._queries.kept(once, call)
            if kept is not None:
                return kept
        if tool.http is not None:
            raw = await self._request(name, tool, arguments, call, once)
        elif tool.knowledge is not None:
            raw = await self._known(name, tool, tool.knowledge, arguments, call)
        elif tool.builtin is not None:
            raw = await run_builtin(
                tool, arguments, call, self._actions, {**self._names(call), **arguments}
            )
        else:
            raw = await self._elsewhere.run(
                name,
                self._vertical,
                self._prompts,
                arguments,
                {**self._names(call), **arguments},
                call,
                lambda own, given, scope: self.run(own, given, call, scope=scope),
            )
        if once is not None and raw is not None:
            await self._queries.keep(once, raw, call)
        return raw

    async def _request(
        self,
        name: str,
        tool: Tool,
        arguments: Mapping[str, object],
        call: CallState,
        once: Once | None,
    ) -> object:
        if tool.http is None:
            raise ToolError(f"the tool `{name}` has no `http`")
        request = prepare_request(
            tool.http,
            self._vertical.endpoints,
            {**self._names(call), **arguments},
            call.secrets,
            call.zone,
            tenant=call.tenant,
        )
        key = key_of({"call": call.call_sid, "tool": name, "key": once.key}) if once else None
        limit = tool.timeout.total_seconds()
        response = await self._http.send(request, key=key, limit_s=limit)
        if response.status == 404:
            return None
        if not 200 <= response.status < 300:
            raise ToolError(f"{request!r} answered with status {response.status}")
        return response.names()

    async def _known(
        self,
        name: str,
        tool: Tool,
        collection: str,
        arguments: Mapping[str, object],
        call: CallState,
    ) -> object:
        if self._look_up is None:
            raise ToolError(f"the tool `{name}` has no articles to look into")
        found = await self._look_up(
            collection,
            str(arguments["question"]),
            tenant=call.tenant,
            top=tool.top,
            at_least=tool.at_least,
        )
        return list(found) or None

    def _shown(
        self,
        name: str,
        tool: Tool,
        raw: object,
        arguments: Mapping[str, object],
        call: CallState,
    ) -> Answer:
        names = {**self._names(call), **arguments, "result": raw, "response": raw}
        result = raw
        mocked = name in self._mocks  # with what the tool would have made of its answer
        if tool.http is not None and isinstance(raw, dict) and not mocked:
            result = raw["text"] or None if raw["json"] is None else raw["json"]
        if tool.result and not mocked:
            result = {
                one: plain(evaluate(template, names), call.zone)
                for one, template in tool.result.items()
            }
        names["result"] = result
        region = region_of(call.called)
        filled: dict[str, object] = {}
        for one, template in tool.set.items():
            kind = self._vertical.state[one].type
            try:
                value = evaluate(template, names)
                filled[one] = None if value is None else convert(value, kind, call.zone, region)
            except (ValueError, TemplateProblem) as error:
                # The deed is done: the model must hear so, even where nothing is learnt from it.
                reason = f"`set.{one}` could not be filled: {type(error).__name__}"
                logger.error(
                    "tool set no state", extra={"call_sid": call.call_sid, "reason": reason}
                )
        call.state.update(filled)
        return answers.retrieved(result) if tool.knowledge else answers.ok(result)

    def _failed(self, name: str, call: CallState, arguments: Mapping[str, object]) -> Answer:
        tool = self._vertical.tools.get(name)
        if tool is None or tool.say.failed is None:
            return answers.failed(None)
        try:
            return answers.failed(render(tool.say.failed, {**self._names(call), **arguments}))
        except TemplateProblem:
            return answers.failed(None)

    def _speak(self, tool: Tool, names: Mapping[str, object]) -> asyncio.TimerHandle | None:
        if tool.say.start is not None and self._on_start is not None:
            self._on_start(render(tool.say.start, names))
        if tool.say.slow is None or self._on_slow is None:
            return None
        loop = asyncio.get_running_loop()
        slow = render(tool.say.slow, names)
        return loop.call_later(tool.say.after.total_seconds(), self._on_slow, slow)

    def _names(self, call: CallState) -> dict[str, object]:
        return call.names(self._vertical.state)

    def _tools_that_set(self, missing: list[str]) -> list[str]:
        return [
            name
            for name, tool in self._vertical.tools.items()
            if any(one in tool.set for one in missing)
        ]

    def _note(
        self,
        name: str,
        call: CallState,
        arguments: Mapping[str, object],
        status: str,
        began: float,
    ) -> None:
        ms = (time.monotonic() - began) * 1000
        self._ledger.tool_ran(call.call_sid, call.agent, name, arguments, status, round(ms, 1))
