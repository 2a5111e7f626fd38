"""Who can be reached from where in the graph of agents and handoffs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model.agent import Agent
from dialplan.model.tool import Tool


def reachable(agents: Mapping[str, Agent], entry: str) -> frozenset[str]:
    """The agents that a caller who is answered by `entry` can come to, `entry` included."""
    seen: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in agents and name not in seen:
            seen.add(name)
            waiting.extend(agents[name].handoffs)
    return frozenset(seen)


MOST_STEPS = 5_000
"""The most combinations of an agent and what is known that are followed."""


def runnable(
    agents: Mapping[str, Agent], tools: Mapping[str, Tool], entry: str
) -> dict[str, frozenset[str]]:
    """For every agent that is reached, the state that a call may know there at the most.

    A tool runs where its agent has it and all that it `requires` is known; what it sets stays known
    along every handoff. Beyond `MOST_STEPS` everything is taken to be known everywhere.
    """
    best: dict[str, frozenset[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(entry, frozenset())]
    while waiting:
        name, known = waiting.pop()
        if name not in agents:
            continue
        known = _learnt(agents[name], tools, known)
        if (name, known) in seen:
            continue
        seen.add((name, known))
        if len(seen) > MOST_STEPS:
            everything = frozenset(field for tool in tools.values() for field in tool.set)
            return dict.fromkeys(reachable(agents, entry), everything)
        best[name] = best.get(name, frozenset()) | known
        waiting.extend((target, known) for target in agents[name].handoffs)
    return best


def _learnt(agent: Agent, tools: Mapping[str, Tool], known: frozenset[str]) -> frozenset[str]:
    own = [tools[name] for name in agent.tools if name in tools]
    while True:
        more = known | {
            field for tool in own if known.issuperset(tool.requires) for field in tool.set
        }
        if more == known:
            return known
        known = more
