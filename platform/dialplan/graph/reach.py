"""Who can be reached from where in the graph of agents and handoffs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model.agent import Agent


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
