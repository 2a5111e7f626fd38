"""Every template of a vertical, with where it stands and the names in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialplan.config.steps import Steps
from dialplan.model.after_call import AfterCall
from dialplan.model.kinds import after_call_prompt, specialist_prompt
from dialplan.model.shape import Json
from dialplan.model.tool import Http, Tool
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import TemplateProblem, names_used


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template, the tool that it belongs to, and the names that it uses."""

    steps: Steps
    words: str
    tool: str | None
    names: frozenset[str]


def texts_of(vertical: Vertical, prompts: Mapping[str, str]) -> list[TemplateText]:
    """All templates; one that cannot be read uses nothing here, and is reported elsewhere."""
    return [
        TemplateText(steps, words, tool, _names(words))
        for steps, words, tool in _all(vertical, prompts)
    ]


def _names(words: str) -> frozenset[str]:
    try:
        return names_used(words)
    except TemplateProblem:
        return frozenset()


def _all(vertical: Vertical, prompts: Mapping[str, str]) -> Iterator[tuple[Steps, str, str | None]]:
    yield ("voice", "greeting"), vertical.voice.greeting, None
    for name, words in vertical.voice.sentences.of_calls():
        yield ("voice", "sentences", name), words, None
    if vertical.when_unavailable is not None:
        yield ("when_unavailable", "say"), vertical.when_unavailable.say, None
    for name, agent in vertical.agents.items():
        yield ("agents", name, "prompt"), prompts.get(name, ""), None
        for target, handoff in agent.handoffs.items():
            if handoff.announce:
                yield ("agents", name, "handoffs", target, "announce"), handoff.announce, None
    for name, tool in vertical.tools.items():
        for steps, words in _of_tool(tool):
            yield ("tools", name, *steps), words, name
        if tool.specialist is not None:
            prompt = prompts.get(specialist_prompt(name), "")
            yield ("tools", name, "specialist", "prompt"), prompt, name
    if vertical.after_call is not None:
        for steps, words in texts_after(vertical.after_call, prompts):
            yield steps, words, None


def texts_after(after: AfterCall, prompts: Mapping[str, str]) -> Iterator[tuple[Steps, str]]:
    """The templates of what is done once a call is over, with where they stand."""
    if (prompt := prompts.get(after_call_prompt())) is not None:
        yield ("after_call", "prompt"), prompt
    for number, send in enumerate(after.send):
        at: Steps = ("after_call", "send", number)
        if send.when is not None:
            yield (*at, "when"), send.when
        for steps, words in texts_of_http(send.http):
            yield (*at, *steps), words


def _of_tool(tool: Tool) -> Iterator[tuple[Steps, str]]:
    for name, parameter in tool.parameters.items():
        if isinstance(parameter.default, str):
            yield ("parameters", name, "default"), parameter.default
    for key in ("start", "slow", "failed"):
        words = getattr(tool.say, key)
        if words is not None:
            yield ("say", key), words
    if tool.refuse is not None:
        yield ("refuse",), tool.refuse
    if tool.confirm is not None:
        yield ("confirm", "say"), tool.confirm.say
        if tool.confirm.refuse is not None:
            yield ("confirm", "refuse"), tool.confirm.refuse
    if tool.message is not None:
        yield ("message",), tool.message
    for part in ("result", "set"):
        for name, words in getattr(tool, part).items():
            yield (part, name), words
    if tool.http is not None:
        yield from texts_of_http(tool.http)


def texts_of_http(http: Http) -> Iterator[tuple[Steps, str]]:
    """The templates of a request, its address first."""
    yield ("http", http.method.lower()), http.url
    for part in ("query", "headers", "form"):
        for name, words in (getattr(http, part) or {}).items():
            yield ("http", part, name), words
    if http.text is not None:
        yield ("http", "text"), http.text
    yield from texts_in(http.body, ("http", "json"))


def texts_in(body: Json, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """The texts of a JSON value."""
    if isinstance(body, str):
        yield steps, body
    elif isinstance(body, dict):
        for key, item in body.items():
            yield from texts_in(item, (*steps, key))
    elif isinstance(body, list):
        for at, item in enumerate(body):
            yield from texts_in(item, (*steps, at))
