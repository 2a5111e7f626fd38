"""What may be wrong with one conversation beyond its shape: names, and what cannot come true."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime

from dialplan.config.call_fields import unlike
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.sql import check_query
from dialplan.config.problem import listed
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.config.tenants import misfit
from dialplan.model.conversation import AfterCallOutcome, Check, Conversation, Expect, Phrase, Turn
from dialplan.model.vertical import Vertical

_ANSWERS = ("handoff", "tool", "confirms", "refused", "failed", "says", "judge", "within", "ends")
"""What a caller who has hung up cannot be given any more."""

Written = str | Mapping[str, Mapping[str, object]] | None


class ConversationCheck:
    """Checks one conversation; nothing is concluded from what is broken on either side."""

    def __init__(
        self, source: Source, made: Typed[Conversation], vertical: Typed[Vertical]
    ) -> None:
        self._source = source
        self._made = made
        self._vertical = vertical

    def all(self) -> None:
        """Note every problem in the source."""
        conversation = self._made.content
        self._given(conversation)
        last = len(conversation.turns) - 1
        for index, turn in enumerate(conversation.turns):
            at: Steps = ("turns", index)
            self._does(at, turn, last=index == last)
            self._expect((*at, "expect"), turn.expect)
            self._impossible(at, turn, last=index == last)
            self._model(at, turn)
            answered = turn.caller is not None or turn.keys is not None
            if conversation.scripted and turn.model is None and answered and not turn.hangs_up:
                message = "`model` is missing"
                if not self._made.lost(*at):
                    self._problem(at, "E202", message, "every turn has it, or none")
        for index, check in enumerate(conversation.then):
            at = ("then", index)
            if check.call is not None:
                self._absent((*at, "call", "no_tool"), check.call.no_tool, self._tool)
                self._phrases((*at, "call", "says"), check.call.says)
            if check.sms is not None:
                self._phrases((*at, "sms", "says"), check.sms.says)
            self._query(at, check)
            if check.after_call is not None:
                self._after((*at, "after_call"), check.after_call)
        for name, value in conversation.after_call.items():
            self._field(("after_call", name), name, value)
        for name in conversation.mocks:
            self._tool(("mocks", name), name, key=True)
            if name in _many(conversation.given.failing):
                message = f"`{name}` fails already (`given.failing`)"
                self._problem(("mocks", name), "E207", message, key=True)

    def _query(self, at: Steps, check: Check) -> None:
        """Note a query that fails after every call, or that is never compared with anything."""
        compared = "equals" in check.model_fields_set
        if check.sql is not None and not compared and not self._made.lost(*at):
            hint = "write the value that the query must give; `null` for none"
            self._problem(at, "E202", "`equals` is missing", hint)
        if check.sql is None and compared:
            hint = "write the query under `sql`"
            self._problem((*at, "equals"), "E207", "`equals` goes with `sql`", hint, key=True)
        if check.sql is not None and not self._vertical.lost("database"):
            notes = Notes(self._source, self._made)
            check_query(notes, self._vertical.content, (*at, "sql"), check.sql)

    # -- what the caller does, and the model -----------------------------------------------------

    def _does(self, at: Steps, turn: Turn, *, last: bool) -> None:
        speaks = turn.caller is not None or turn.keys is not None
        if not speaks and turn.silence is None and not turn.hangs_up:
            message = "expected `caller`, `keys`, `silence` or `hangs_up`"
            if not self._made.lost(*at):
                self._problem(at, "E207", message, "say what the caller does")
        if turn.silence is not None and (speaks or turn.interrupts or turn.hangs_up):
            others = [
                name
                for name in ("caller", "keys", "interrupts", "hangs_up")
                if getattr(turn, name) not in (None, False)
            ]
            message = f"expected `silence` alone, got it with {listed(others)}"
            self._problem((*at, "silence"), "E207", message, "make it a turn of its own", key=True)
        if turn.hangs_up and not last:
            message = "the caller has hung up, and more turns follow"
            self._problem((*at, "hangs_up"), "E207", message, key=True)

    def _model(self, at: Steps, turn: Turn) -> None:
        for number, step in enumerate(turn.model or ()):
            if step.say is None and not step.tool and step.handoff is None:
                message = "expected `say`, `tool` or `handoff`"
                self._problem((*at, "model", number), "E207", message)
            self._tools((*at, "model", number, "tool"), step.tool)
            if step.handoff is not None:
                self._agent((*at, "model", number, "handoff"), step.handoff)

    # -- what is expected ------------------------------------------------------------------------

    def _expect(self, at: Steps, expect: Expect) -> None:
        if expect.handoff is not None:
            self._agent((*at, "handoff"), expect.handoff)
        self._absent((*at, "no_handoff"), expect.no_handoff, self._agent)
        for key in ("tool", "confirms", "refused", "failed"):
            self._tools((*at, key), getattr(expect, key))
        self._absent((*at, "no_tool"), expect.no_tool, self._tool)
        self._phrases((*at, "says"), expect.says)
        self._phrases((*at, "heard"), expect.heard)
        self._state((*at, "state"), expect)
        variables = self._vertical.content.variables
        name = expect.transferred
        if isinstance(name, str) and not self._vertical.open("variables"):
            phones = [one for one, variable in variables.items() if variable.type == "phone"]
            if name not in phones and not self._vertical.lost("variables", name):
                message = f"no variable of type phone named `{name}`"
                hint = self._source.hint(name, phones)
                self._problem((*at, "transferred"), "E303", message, hint)

    def _state(self, at: Steps, expect: Expect) -> None:
        known = self._vertical.named("state")
        for name, value in expect.state.items():
            here = (*at, name)
            if name not in known:
                if not self._vertical.open("state"):
                    hint = self._source.hint(name, known)
                    self._problem(here, "E304", f"no state named `{name}`", hint, key=True)
            elif not self._vertical.unsure("state", name) and value is not None:
                kind = self._vertical.content.state[name].type
                if fault := _unlike(kind, value):
                    message = f"`{name}` is never that: expected {fault}"
                    self._problem(here, "E340", message, key=isinstance(value, dict | list))

    def _impossible(self, at: Steps, turn: Turn, *, last: bool) -> None:
        """Note what cannot come true, whatever the agent does."""
        expect, here = turn.expect, (*at, "expect")
        if expect.heard not in ((), None) and turn.interrupts is False:
            message = "nothing was cut off: the turn has no `interrupts`"
            self._problem((*here, "heard"), "E340", message, key=True)
        over = [key for key in _ANSWERS if _given(expect, key)]
        if turn.hangs_up and over:
            message = "a caller who has hung up gets no answer"
            self._problem((*here, over[0]), "E340", message, key=True)
        for key in ("ends", "transferred"):
            if not last and getattr(expect, key) not in (None, False):
                message = "the call is over then, and more turns follow"
                self._problem((*here, key), "E340", message, key=True)
        for wanted, banned in (("tool", "no_tool"), ("handoff", "no_handoff")):
            names, never = _many(getattr(expect, wanted)), getattr(expect, banned)
            both = sorted(names) if never is True else sorted(names & _many(never))
            if both and not self._made.lost(*here):
                message = f"`{both[0]}` is expected and ruled out in the same turn"
                self._problem((*here, banned), "E340", message, key=True)
        tools = self._vertical.content.tools
        for name in sorted(_many(expect.confirms)):
            if name in tools and tools[name].confirm is None:
                if not self._vertical.lost("tools", name):
                    message = f"`{name}` asks for nothing: it has no `confirm`"
                    self._problem((*here, "confirms"), "E340", message, key=True)

    def _phrases(self, at: Steps, phrases: object) -> None:
        single = not isinstance(phrases, tuple)
        for index, phrase in enumerate(phrases if isinstance(phrases, tuple) else (phrases,)):
            if not isinstance(phrase, Phrase) or phrase.matches is None:
                continue
            try:
                with warnings.catch_warnings(action="ignore"):
                    re.compile(phrase.matches)
            except (re.error, RecursionError, OverflowError) as error:
                here = (*at, "matches") if single else (*at, index, "matches")
                why = str(error).replace("'", "`")
                self._problem(here, "E317", f"the regular expression cannot be read: {why}")

    # -- what is made of the call ----------------------------------------------------------------

    def _after(self, at: Steps, wanted: AfterCallOutcome) -> None:
        after = self._vertical.content.after_call
        if after is None:
            if not self._vertical.lost("after_call"):
                self._problem(at, "E319", "the vertical has no `after_call`", key=True)
            return
        for name, value in wanted.fields.items():
            here = (*at, "fields", name)
            self._field(here, name, value, phrases=True)
            self._phrases(here, value)
        sent = set(wanted.sent or ())
        ruled_out = set(wanted.not_sent) if isinstance(wanted.not_sent, tuple) else set()
        for key, numbers in (("sent", sent), ("not_sent", ruled_out)):
            beyond = max(numbers, default=0)
            if beyond > len(after.send) and not self._vertical.lost("after_call", "send"):
                message = f"there is no send {beyond}: the vertical has {len(after.send)}"
                self._problem((*at, key), "E319", message, key=True)
        if sent & ruled_out or (sent and wanted.not_sent is True):
            message = "the same is expected to be sent and not to be"
            self._problem((*at, "not_sent"), "E340", message, key=True)
        if wanted.skipped and (wanted.fields or sent):
            message = "nothing is read out of a call that is skipped, and nobody told"
            self._problem((*at, "skipped"), "E340", message, key=True)

    def _field(self, at: Steps, name: str, value: object, *, phrases: bool = False) -> None:
        """Note a field that is not there, or never has this value; a text may take `phrases`."""
        after = self._vertical.content.after_call
        if after is None:
            if not self._vertical.lost("after_call"):
                self._problem(at, "E319", "the vertical has no `after_call`", key=True)
            return
        known = self._vertical.named("after_call", "fields")
        if name not in known:
            if not self._vertical.open("after_call", "fields"):
                hint = self._source.hint(name, known) or f"known: {listed(known)}"
                message = f"no field of `after_call` named `{name}`"
                self._problem(at, "E319", message, hint, key=True)
            return
        if value is None or self._vertical.unsure("after_call", "fields", name):
            return
        field = after.fields[name]
        words = value if isinstance(value, tuple) else (value,)
        if phrases and field.type == "string" and all(isinstance(w, Phrase | str) for w in words):
            return
        if fault := unlike(field, value):
            message = f"`{name}` is never that: expected {fault}"
            self._problem(at, "E340", message, key=not isinstance(value, str))

    # -- what is given ---------------------------------------------------------------------------

    def _given(self, conversation: Conversation) -> None:
        given = conversation.given
        if given.now is not None:
            try:
                datetime.fromisoformat(given.now)
            except ValueError:
                self._problem(("given", "now"), "E316", f"there is no moment `{given.now}`")
        if given.seed is not None and not (self._source.folder / given.seed).is_file():
            message = f"cannot read `{given.seed}`: no such file"
            self._problem(("given", "seed"), "E108", message)
        self._absent(("given", "failing"), given.failing, self._tool)
        variables = self._vertical.content.variables
        declared = self._vertical.named("variables")
        for name, value in given.variables.items():
            at: Steps = ("given", "variables", name)
            if name not in declared:
                if not self._vertical.open("variables"):
                    hint = self._source.hint(name, declared)
                    self._problem(at, "E303", f"no variable named `{name}`", hint, key=True)
            elif not self._vertical.unsure("variables", name) and (
                fault := misfit(variables[name], value)
            ):
                self._problem(at, "E311", *fault)
        if self._vertical.lost("variables") or self._made.lost("given"):
            return
        for name, variable in variables.items():
            if variable.default is None and name not in given.variables:
                hint = "give it one under `given.variables`"
                self._problem(("given",), "E314", f"variable `{name}` has no value", hint, key=True)

    # -- names -----------------------------------------------------------------------------------

    def _absent(self, at: Steps, written: object, check: Callable[[Steps, str], bool]) -> None:
        if isinstance(written, str):
            check(at, written)
        for index, name in enumerate(written if isinstance(written, tuple) else ()):
            check((*at, index), name)

    def _agent(self, at: Steps, name: str) -> bool:
        known = self._vertical.named("agents")
        if name in known:
            return True
        if not self._vertical.open("agents"):
            self._problem(at, "E301", f"no agent named `{name}`", self._source.hint(name, known))
        return False

    def _tools(self, at: Steps, written: Written) -> None:
        if isinstance(written, str):
            self._tool(at, written)
            return
        for name, arguments in (written or {}).items():
            parameters: Steps = ("tools", name, "parameters")
            if not self._tool((*at, name), name, key=True) or self._vertical.open(*parameters):
                continue
            known = self._vertical.named(*parameters)
            for one in arguments:
                if one not in known:
                    hint = self._source.hint(one, known)
                    message = f"no parameter of `{name}` named `{one}`"
                    self._problem((*at, name, one), "E315", message, hint, key=True)

    def _tool(self, at: Steps, name: str, *, key: bool = False) -> bool:
        known = self._vertical.named("tools")
        if name in known:
            return True
        if not self._vertical.open("tools"):
            hint = self._source.hint(name, known)
            self._problem(at, "E302", f"no tool named `{name}`", hint, key=key)
        return False

    def _problem(
        self, at: Steps, code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        # What is missing as a whole (`given`) has no place of its own: the way to it is taken.
        if self._made.open(*at):
            return
        place, path = locate(self._made.root, at, key=key)
        self._source.problem(place, code, message, hint, path)


def _many(written: object) -> set[str]:
    if isinstance(written, str):
        return {written}
    return set(written) if isinstance(written, tuple | Mapping) else set()


def _given(expect: Expect, key: str) -> bool:
    value = getattr(expect, key)
    return value is not None and value != () and value is not False


def _unlike(kind: str, value: object) -> str:
    """Say what a value of state would be, empty where this may be one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "integer" if not (number and isinstance(value, int)):
            return "a whole number"
        case "number" if not number:
            return "a number"
        case "boolean" if not isinstance(value, bool):
            return "`true` or `false`"
        case "integer" | "number" | "boolean":
            return ""
    return "" if isinstance(value, str) else "text"
