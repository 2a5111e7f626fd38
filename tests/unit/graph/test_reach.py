from dialplan.graph.reach import reachable, runnable
from dialplan.model.agent import Agent
from dialplan.model.tool import Tool


def _agent(*targets: str) -> Agent:
    return Agent.model_validate({"prompt": "x", "handoffs": dict.fromkeys(targets, "because")})


def test_everyone_behind_a_handoff_is_reached_and_circles_end() -> None:
    agents = {"desk": _agent("a"), "a": _agent("b", "desk"), "b": _agent(), "lost": _agent("b")}

    assert reachable(agents, "desk") == {"desk", "a", "b"}


def test_an_unknown_target_is_not_reached() -> None:
    assert reachable({"desk": _agent("nobody")}, "desk") == {"desk"}


def _tool(*requires: str, sets: tuple[str, ...] = ()) -> Tool:
    return Tool.model_validate(
        {
            "description": "x",
            "sql": "SELECT 1",
            "requires": list(requires),
            "set": dict.fromkeys(sets, "{{ result }}"),
        }
    )


def test_what_a_tool_sets_is_known_from_there_on_only() -> None:
    agents = {"desk": _agent("till"), "till": _agent("end"), "end": _agent()}
    agents["till"] = agents["till"].model_copy(update={"tools": ("b", "a")})
    tools = {"a": _tool(sets=("x",)), "b": _tool("x", sets=("y",))}

    assert runnable(agents, tools, "desk") == {
        "desk": frozenset(),
        "till": {"x", "y"},
        "end": {"x", "y"},
    }


def test_a_graph_too_large_to_follow_is_taken_to_know_everything() -> None:
    names = [f"a{number}" for number in range(16)]
    agents = {name: _agent(*names).model_copy(update={"tools": (f"t{name}",)}) for name in names}
    tools = {f"t{name}": _tool(sets=(name,)) for name in names}

    assert runnable(agents, tools, "a0") == dict.fromkeys(names, frozenset(names))
