"""What is done once a call is over: what would only be found out after the first call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dialplan.config.call_fields import unlike
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.texts import texts_after, texts_of_http
from dialplan.config.lint.tools import says_little
from dialplan.config.problem import did_you_mean
from dialplan.config.steps import Steps
from dialplan.model.after_call import AfterCall, CallField, Send
from dialplan.model.kinds import after_call_prompt
from dialplan.model.known import ENDING, REALTIME_MODELS
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import (
    TemplateProblem,
    names_used,
    render,
    render_address,
    says_no,
    texts_compared,
)

_BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_CALL: Mapping[str, object] = {
    "sid": "CA0123456789abcdef0123456789abcdef",
    "from": "+15550107788",
    "to": "+15550100001",
    "tenant": "tenant",
    "vertical": "vertical",
    "began_at": _BEGAN,
    "ended_at": _BEGAN + timedelta(minutes=2),
    "duration_s": 120,
    "reason": "hung_up",
    "agent": "agent",
}
_OF_TYPE: Mapping[str, object] = {
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "date": "2026-03-02",
    "time": "14:30",
    "datetime": "2026-03-02T14:30",
    "phone": "+15550107788",
    "email": "maria@example.com",
}

_TEXT = "text"
_TRANSCRIPT = "Agent: Hello.\nCaller: Hello."

Fill = Callable[[str, Mapping[str, object]], str]


@dataclass(frozen=True, slots=True)
class _Text:
    steps: Steps
    words: str
    fill: Fill = render


def check_after_call(notes: Notes, vertical: Vertical, prompts: Mapping[str, str]) -> None:
    """Note fields that say little, sends that come to nothing, and templates that cannot be filled.

    Templates are filled with made-up values, then with each field and state at null, as after a
    call that said nothing of it.
    """
    after = vertical.after_call
    if after is None:
        return
    if after.model in (*REALTIME_MODELS, *ENDING):
        message = f"`{after.model}` holds calls; a text model reads what was said in them"
        notes.at(("after_call", "model"), "W301", message, "write `gpt-5-mini`")
    if after.skip_when.shorter_than >= vertical.limits.call:
        message = "no call is as long as that, so nothing is ever read out of one"
        notes.at(("after_call", "skip_when", "shorter_than"), "W438", message, "shorten it")
    for name, field in after.fields.items():
        if says_little(name, field.description, field.enum, field.type):
            message = f"`{name}` does not say what to look for in a call"
            at: Steps = ("after_call", "fields", name)
            notes.at(at, "W415", message, "add a `description`", key=True)
    for steps, words in texts_after(after, prompts):
        _compared(notes, steps, words, after)
    for number, send in enumerate(after.send):
        _sends(notes, ("after_call", "send", number), send)
    _filled(notes, vertical, after, prompts)


def _compared(notes: Notes, steps: Steps, words: str, after: AfterCall) -> None:
    try:
        compared = sorted(texts_compared(words))
    except TemplateProblem:
        return
    for name, text in compared:
        owner, _, member = name.partition(".")
        field = after.fields.get(member) if owner == "fields" else None
        if field is None or not (field.enum or field.type in ("integer", "number", "boolean")):
            continue
        if wanted := unlike(field, text):
            hint = did_you_mean(text, field.enum) if field.enum else "compare it without quotes"
            message = f"`{member}` is never '{text}': it is {wanted}"
            notes.at(steps, "W460", message, hint)


def _sends(notes: Notes, at: Steps, send: Send) -> None:
    if send.when is not None and not _names(send.when):
        always = "never" if "{" not in send.when and says_no(send.when) else "always"
        message = f"no field and nothing else is named in it: this is {always} sent"
        hint = f"write `{{{{ {send.when} }}}}`" if send.when.startswith("fields.") else ""
        hint = hint or "name a field in it, or remove it"
        notes.at((*at, "when"), "W461", message, hint)
    told = {name for _, words in texts_of_http(send.http) for name in _names(words)}
    if send.http.method == "GET" and not any(
        name.partition(".")[0] in ("fields", "call", "state", "transcript") for name in told
    ):
        hint = "send it with `post`, or put fields into its `query`"
        notes.at((*at, "http", "get"), "W463", "nobody is told anything by this", hint, key=True)


def _filled(notes: Notes, vertical: Vertical, after: AfterCall, prompts: Mapping[str, str]) -> None:
    values = _made_up(vertical, after)
    if (prompt := prompts.get(after_call_prompt())) is not None:
        _try(notes, _Text(("after_call", "prompt"), prompt), None, values)
    for number, send in enumerate(after.send):
        at: Steps = ("after_call", "send", number)
        when = None if send.when is None else _Text((*at, "when"), send.when)
        if when is not None:
            _try(notes, when, None, values)
        for index, (steps, words) in enumerate(texts_of_http(send.http)):
            fill = render_address if index == 0 else render
            text = _Text((*at, *steps), words, fill)
            _try(notes, text, when, values)
            if index == 0:
                _address(notes, text, values, vertical)


def _address(notes: Notes, text: _Text, values: Mapping[str, object], vertical: Vertical) -> None:
    # Requests go to endpoints and nowhere else: only there are they guarded and authorised.
    try:
        address = text.fill(text.words, values)
    except TemplateProblem:
        return
    bases = [one.base_url for one in vertical.endpoints.values()]
    if not any(address == base or address.startswith((f"{base}/", f"{base}?")) for base in bases):
        name = next(iter(vertical.endpoints), "NAME")
        hint = f"write `{{{{ endpoints.{name} }}}}/...`"
        hint += "" if bases else ", and declare it under `endpoints`"
        notes.at(text.steps, "E333", "this address is under none of the `endpoints`", hint)


def _try(
    notes: Notes,
    text: _Text,
    when: _Text | None,
    values: Mapping[str, object],
) -> None:
    try:
        used = names_used(text.words)
    except TemplateProblem:
        return  # said with the references, as are names that are not there
    if not all(_is_there(name, values) for name in used):
        return
    if fault := _fault(text, values):
        # A made-up text may lack what a template takes for granted; other values do not.
        if not any(_is_free_text(name, values) for name in used):
            message = f"this cannot be filled ({fault})"
            notes.at(text.steps, "W462", message, "mend the template")
        return
    guards = set() if when is None else _names(when.words)
    for name in sorted(used):
        owner, _, member = name.partition(".")
        if owner not in ("fields", "state") or not member:
            continue
        nothing = {**values, owner: {**_mapping(values[owner]), member: None}}
        # What `when` does not name it cannot keep out.
        if when is not None and name in guards and not _applies(when, nothing):
            continue
        if fault := _fault(text, nothing):
            hint = _mend(name, values, in_address=text.fill is render_address)
            message = f"this cannot be filled where `{name}` is null ({fault})"
            notes.at(text.steps, "W462", message, hint)
            return


def _fault(text: _Text, values: Mapping[str, object]) -> str:
    try:
        text.fill(text.words, values)
    except TemplateProblem as problem:
        return str(problem).partition(": ")[2] or str(problem)
    return ""


def _mend(name: str, values: Mapping[str, object], *, in_address: bool) -> str:
    owner, _, member = name.partition(".")
    if in_address:
        return f'send it only `when: "{{{{ {name} is not none }}}}"`, or write another value'
    if isinstance(_mapping(values[owner]).get(member), int | float):
        return f"say what counts then, such as `({name} or 0)`"
    return f"say what stands there then, such as `... if {name} else 'unknown'`"


def _is_there(name: str, values: Mapping[str, object]) -> bool:
    owner, _, member = name.partition(".")
    inner = values.get(owner)
    return owner in values and not (member and isinstance(inner, dict) and member not in inner)


def _applies(when: _Text, values: Mapping[str, object]) -> bool:
    try:
        return not says_no(render(when.words, values))
    except TemplateProblem:
        return False  # said of the `when` itself


def _names(words: str) -> set[str]:
    try:
        return set(names_used(words))
    except TemplateProblem:
        return set()


def _is_free_text(name: str, values: Mapping[str, object]) -> bool:
    owner, _, member = name.partition(".")
    value = values[owner]
    return (value.get(member) if isinstance(value, dict) else value) in (_TEXT, _TRANSCRIPT)


def _made_up(vertical: Vertical, after: AfterCall) -> dict[str, object]:
    return {
        **dict(_variables(vertical)),
        "call": dict(_CALL),
        "state": {name: _OF_TYPE.get(one.type, _TEXT) for name, one in vertical.state.items()},
        "fields": {name: _value(field) for name, field in after.fields.items()},
        "transcript": _TRANSCRIPT,
        "endpoints": {name: one.base_url for name, one in vertical.endpoints.items()},
    }


def _variables(vertical: Vertical) -> Iterator[tuple[str, object]]:
    for name, variable in vertical.variables.items():
        made_up = _OF_TYPE.get(variable.type, _TEXT)
        yield name, made_up if variable.default is None else variable.default


def _value(field: CallField) -> object:
    if field.enum is not None:
        return field.enum[0]
    if field.type in ("integer", "number"):
        least = field.minimum if field.minimum is not None else field.maximum
        return _OF_TYPE[field.type] if least is None else least
    return _OF_TYPE.get(str(field.type), _TEXT)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
