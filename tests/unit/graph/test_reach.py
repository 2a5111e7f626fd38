from dialplan.graph.reach import reachable
from dialplan.model.agent import Agent


def _agent(*targets: str) -> Agent:
    return Agent.model_validate({"prompt": "x", "handoffs": dict.fromkeys(targets, "because")})


def test_everyone_behind_a_handoff_is_reached_and_circles_end() -> None:
    agents = {"desk": _agent("a"), "a": _agent("b", "desk"), "b": _agent(), "lost": _agent("b")}

    assert reachable(agents, "desk") == {"desk", "a", "b"}


def test_an_unknown_target_is_not_reached() -> None:
    assert reachable({"desk": _agent("nobody")}, "desk") == {"desk"}
