"""Agents and handoffs: traps for the caller, and choices that a model cannot make."""

from __future__ import annotations

from dialplan.config.lint.likeness import alike, content_words
from dialplan.config.lint.notes import Notes
from dialplan.config.steps import Steps
from dialplan.graph.reach import reachable, runnable
from dialplan.model.agent import Agent
from dialplan.model.vertical import Vertical

MOST_CHOICES = 20
"""The most tools and handoffs of one agent: beyond it models choose wrong more often, and every
answer starts later, because all of them are read before each. OpenAI's guide to function calling
gives the same number."""

_WAYS_OUT = ("transfer", "hang_up", "take_message")


def check_graph(notes: Notes, vertical: Vertical) -> None:
    """Note what is wrong between agents."""
    entries = [name for name, agent in vertical.agents.items() if agent.entry]
    reached = reachable(vertical.agents, entries[0]) if len(entries) == 1 else frozenset()
    for name, agent in vertical.agents.items():
        at: Steps = ("agents", name)
        if name in reached and name != entries[0] and not _way_out(vertical, agent):
            hint = "add a handoff back, or a `transfer`, `hang_up` or `take_message` tool"
            message = "a caller who comes here can go nowhere else"
            notes.at(at, "W405", message, hint, key=True)
        _handoffs(notes, at, name, agent)
        choices = len(agent.tools) + len(agent.handoffs)
        if choices > MOST_CHOICES:
            message = f"{choices} tools and handoffs: models choose well among {MOST_CHOICES}"
            notes.at((*at, "tools"), "W412", message, "split the agent")
        for index, tool in enumerate(agent.tools):
            if tool.startswith("to_") and tool.removeprefix("to_") in agent.handoffs:
                target = tool.removeprefix("to_")
                message = f"`{tool}` is what the handoff to `{target}` is called for the model"
                notes.at((*at, "tools", index), "E330", message, "give the tool another name")
    if len(entries) == 1:
        _requires(notes, vertical, entries[0])


def _way_out(vertical: Vertical, agent: Agent) -> bool:
    tools = [vertical.tools[name] for name in agent.tools if name in vertical.tools]
    return bool(agent.handoffs) or any(tool.builtin in _WAYS_OUT for tool in tools)


def _handoffs(notes: Notes, at: Steps, name: str, agent: Agent) -> None:
    earlier: list[tuple[str, str]] = []
    for target, handoff in agent.handoffs.items():
        steps = (*at, "handoffs", target)
        if target == name:
            notes.at(steps, "W408", "an agent hands over to itself", "remove it", key=True)
        words = content_words(handoff.when)
        named = content_words(target.replace("_", " "))
        if not words or (len(handoff.when.split()) <= 2 and words <= named):
            hint = f"say what the caller wants when it is for `{target}`"
            message = f"`{handoff.when}` tells a model nothing that the name does not"
            notes.at(steps, "W406", message, hint, key=True)
        same = next((one for one, when in earlier if alike(when, handoff.when)), None)
        if same is not None:
            message = f"the same reason as for `{same}`: a model cannot tell them apart"
            notes.at(steps, "W407", message, "say how they differ", key=True)
        earlier.append((target, handoff.when))


def _requires(notes: Notes, vertical: Vertical, entry: str) -> None:
    tools = vertical.tools
    setters = {
        field: [one for one, tool in tools.items() if field in tool.set] for field in vertical.state
    }
    met = runnable(vertical.agents, tools, entry)
    for name, tool in tools.items():
        owned = any(name in vertical.agents[agent].tools for agent in met)
        for index, field in enumerate(tool.requires):
            steps: Steps = ("tools", name, "requires", index)
            if field not in vertical.state:
                continue
            if not setters[field]:
                notes.at(steps, "W403", f"no tool sets `{field}`, so this can never run")
                continue
            known = [met[agent] for agent in met if name in vertical.agents[agent].tools]
            if not owned or any(field in fields for fields in known):
                continue
            listed = ", ".join(f"`{one}`" for one in setters[field])
            message = f"`{field}` is never known where this can be used, so it can never run"
            hint = f"set by {listed}: give that tool to an agent that callers meet before"
            if all(field in tools[one].requires for one in setters[field]):
                hint = f"only {listed} sets it, and itself requires it: remove it there"
            notes.at(steps, "W403", message, hint)
