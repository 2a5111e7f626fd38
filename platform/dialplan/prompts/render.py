"""Templates: sandboxed Jinja where every undefined name is an error and output has a limit.

Nothing here knows where values come from; rendering is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from urllib.parse import quote

from jinja2 import StrictUndefined, Template, TemplateError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dialplan.errors import ConfigError
from dialplan.prompts.spoken import ENGLISH, money, spoken_date, spoken_time

MOST_CHARACTERS = 40_000
"""The longest text a template may make, in characters."""

LANGUAGE = "_language"
"""Under this name values say the language (BCP 47) that filters speak; without it, English.

No variable, parameter or column can have this name: theirs begin with a letter.
"""


_NO = frozenset({"", "false", "none", "null", "0", "0.0"})


class TemplateProblem(ConfigError):
    """A template that cannot be read, or that uses what is not there.

    Attributes:
        line: line inside the template, from 1.
    """

    def __init__(self, message: str, *, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def _segment(value: object) -> object:
    """What one `{{ }}` of an address puts out: never nothing, never what only a person reads."""
    if value is None:
        raise TemplateProblem("cannot fill the address: a value in it is missing")
    return quote(value.isoformat(), safe="") if isinstance(value, date | time) else value


def _language(context: Context) -> str:
    return str(context.parent.get(LANGUAGE, ENGLISH))


@pass_context
def _spoken_time(context: Context, value: datetime | time | str) -> str:
    return spoken_time(value, _language(context))


@pass_context
def _spoken_date(context: Context, value: date | str) -> str:
    return spoken_date(value, _language(context))


@pass_context
def _money(context: Context, value: Decimal | int | float | str, currency: str = "USD") -> str:
    return money(value, currency, _language(context))


class _Environment(ImmutableSandboxedEnvironment):
    """Where `fields.items` is the member of that name, and no method of the mapping."""

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        found: object = super().getattr(obj, attribute)
        return found


def _environment(
    finalize: Callable[[object], object] | None = None,
) -> ImmutableSandboxedEnvironment:
    made = _Environment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
        finalize=finalize,
    )
    # Plain text in, plain text out: what could burn time or memory is not in the language.
    made.globals.clear()
    made.filters.update(spoken_time=_spoken_time, spoken_date=_spoken_date, money=_money)
    return made


_ENVIRONMENT = _environment()
_ADDRESSES = _environment(_segment)


@lru_cache(maxsize=1024)
def _compiled(template: str, environment: ImmutableSandboxedEnvironment) -> Template:
    try:
        return environment.from_string(template)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise TemplateProblem(f"cannot read the template: {_plain(error)}", line=line) from error
    except RecursionError as error:
        raise TemplateProblem("cannot read the template: it is nested too deep") from error


def _plain(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (text[:1].lower() + text[1:]).rstrip(".").replace("'", "`")


def render(template: str, values: Mapping[str, object], *, most: int = MOST_CHARACTERS) -> str:
    """Fill a template; more than `most` characters, or a missing name, is a `TemplateProblem`."""
    if "{" not in template:
        if len(template) > most:
            raise TemplateProblem(f"expected at most {most} characters, got {len(template)}")
        return template
    return _filled(_compiled(template, _ENVIRONMENT), values, most)


def says_no(text: str) -> bool:
    """Whether the text that a condition (`when`) came to means no: nothing, false or zero."""
    return text.strip().lower() in _NO


def render_address(template: str, values: Mapping[str, object]) -> str:
    """Fill a template of an address, whose values are encoded already; `None` is a problem."""
    return _filled(_compiled(template, _ADDRESSES), values, MOST_CHARACTERS)


def _filled(template: Template, values: Mapping[str, object], most: int) -> str:
    parts: list[str] = []
    length = 0
    try:
        for part in template.generate(values):
            length += len(part)
            if length > most:
                raise TemplateProblem(f"expected at most {most} characters, got more")
            parts.append(part)
    except TemplateProblem:
        raise
    except TemplateError as error:
        raise TemplateProblem(f"cannot fill the template: {_plain(error)}") from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # A value may be in the message: only its kind is told.
        kind = type(error).__name__
        raise TemplateProblem(f"cannot fill the template: {kind} in a filter or sum") from error
    return "".join(parts)


@lru_cache(maxsize=4096)
def names_used(template: str) -> frozenset[str]:
    """The names that a template needs, with one member where it takes one: `state.patient_id`.

    Names that the template itself sets (`for`, `set`) are left out.
    """
    if "{" not in template:
        return frozenset()
    if len(template) > MOST_CHARACTERS:
        raise TemplateProblem(f"expected at most {MOST_CHARACTERS} characters, got {len(template)}")
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise TemplateProblem(f"cannot read the template: {_plain(error)}", line=line) from error
    except RecursionError as error:
        raise TemplateProblem("cannot read the template: it is nested too deep") from error
    names: list[nodes.Name] = []
    owners: dict[int, str] = {}
    for node in _all(tree):
        match node:
            case nodes.Filter(name=name) if name not in _ENVIRONMENT.filters:
                raise TemplateProblem(f"no filter named `{name}`", line=node.lineno)
            case nodes.Test(name=name) if name not in _ENVIRONMENT.tests:
                raise TemplateProblem(f"no test named `{name}`", line=node.lineno)
            case nodes.Getattr(node=nodes.Name()) | nodes.Getitem(node=nodes.Name()):
                if (member := _member(node)) is not None:
                    owners[id(node.node)] = member
            case nodes.Name():
                names.append(node)
    stored = {name.name for name in names if name.ctx in ("store", "param")}
    return frozenset(
        f"{name.name}.{owners[id(name)]}" if id(name) in owners else name.name
        for name in names
        if name.ctx == "load" and name.name not in stored
    )


@lru_cache(maxsize=1024)
def texts_compared(template: str) -> frozenset[tuple[str, str]]:
    """The names with one member that a template compares with fixed texts, each with the text.

    `{{ fields.mood == "angry" }}` gives `("fields.mood", "angry")`; so do `!=` and `in [...]`.
    """
    if "{" not in template:
        return frozenset()
    try:
        tree = _ENVIRONMENT.parse(template)
    except (TemplateError, RecursionError) as error:
        raise TemplateProblem(f"cannot read the template: {_plain(error)}") from error
    return frozenset(
        (f"{one.node.name}.{member}", text)
        for node in _all(tree)
        if isinstance(node, nodes.Compare)
        for one, other in _compared(node)
        if isinstance(one, nodes.Getattr | nodes.Getitem)
        and isinstance(one.node, nodes.Name)
        and (member := _member(one)) is not None
        for text in _fixed(other)
    )


def _compared(node: nodes.Compare) -> Iterator[tuple[nodes.Expr, nodes.Expr]]:
    before = node.expr
    for operand in node.ops:
        if operand.op in ("eq", "ne", "in", "notin"):
            yield before, operand.expr
            if operand.op in ("eq", "ne"):
                yield operand.expr, before
        before = operand.expr


def _fixed(node: nodes.Expr) -> list[str]:
    items = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    return [one.value for one in items if isinstance(one, nodes.Const) and type(one.value) is str]


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    # Not `find_all`: that recurses as deep as the template is nested.
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.iter_child_nodes()


def _member(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


def verbatim(text: str) -> str:
    """An instruction that makes the model say a text word for word."""
    return f"Say this to the caller, word for word, and nothing else: “{text}”"
