import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

from dialplan.errors import ToolError, ToolRefused
from dialplan.tools.python import PythonTools
from dialplan.tools.state import CallState

MakeCall = Callable[..., CallState]


async def test_a_function_gets_its_parameters_and_the_call(parts: str, a_call: MakeCall) -> None:
    given = await PythonTools().run(f"{parts}:stock", {"part": "tyre"}, a_call(parts_key="k1"))

    assert given == {
        "part": "tyre",
        "price": 12.5,
        "on": "2026-03-02",
        "for": "lakeside",
        "key": "k1",
        "now": "2026-03-02T09:00-06:00",
    }


async def test_a_function_refuses_in_its_own_words(parts: str, a_call: MakeCall) -> None:
    with pytest.raises(ToolRefused, match="We do not sell bumpers"):
        await PythonTools().run(f"{parts}:stock", {"part": "bumper"}, a_call())


async def test_nothing_returned_is_nothing_found(parts: str, a_call: MakeCall) -> None:
    assert await PythonTools().run(f"{parts}:nothing", {}, a_call()) is None


async def test_an_exception_is_logged_with_its_trace_and_without_the_callers_words(
    parts: str, a_call: MakeCall, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(ToolError, match="raised ValueError") as it:
        await PythonTools().run(f"{parts}:broken", {"who": "Maria Lopez"}, a_call())

    assert "Maria" not in str(it.value)
    (record,) = caplog.records
    shown = {key: str(value) for key, value in vars(record).items() if not key.endswith("_pii")}
    assert "raise ValueError" in shown["trace"]
    assert "Maria" not in " ".join(shown.values())


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("opaque", "returned what JSON cannot hold: object"),
        ("endless", "returned more than 1000000 characters"),
        ("unmarked", "is no tool: mark it with `dialplan.plugin.tool`"),
        ("missing", "cannot be imported: AttributeError"),
    ],
)
async def test_what_is_no_tool_or_no_json_is_a_located_error(
    parts: str, a_call: MakeCall, function: str, why: str
) -> None:
    with pytest.raises(ToolError, match=why):
        await PythonTools().run(f"{parts}:{function}", {}, a_call())


@pytest.mark.parametrize("name", ["os:system", "subprocess:run", "no_such_package.x:y"])
async def test_no_function_but_a_marked_one_is_called(name: str, a_call: MakeCall) -> None:
    with pytest.raises(ToolError, match=r"is no tool|cannot be imported"):
        await PythonTools().run(name, {"command": "true"}, a_call())


async def test_a_slow_function_does_not_hold_up_the_loop_and_no_more_run_than_allowed(
    parts: str, a_call: MakeCall
) -> None:
    tools = PythonTools(most_threads=2)
    most, done = 0, asyncio.Event()

    async def watch() -> int:
        nonlocal most
        turns = 0
        while not done.is_set():
            running = [t for t in threading.enumerate() if t.name == f"tool {parts}:slow"]
            most = max(most, len(running))
            turns += bool(running)
            await asyncio.sleep(0.01)
        return turns

    watching = asyncio.create_task(watch())
    await asyncio.gather(
        *(tools.run(f"{parts}:slow", {"seconds": 1.0}, a_call()) for _ in range(6))
    )
    done.set()

    assert most == 2
    # Turns of the loop while a function sleeps: one that held it up would leave it none.
    assert await watching > 5


async def test_a_function_that_hangs_costs_the_limit_and_then_its_place_alone(
    parts: str, a_call: MakeCall
) -> None:
    tools = PythonTools(most_threads=2)

    def hangs() -> bool:
        return any(one.name == f"tool {parts}:slow" for one in threading.enumerate())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await tools.run(f"{parts}:slow", {"seconds": 4.0}, a_call())
    assert hangs()
    assert await tools.run(f"{parts}:slow", {"seconds": 0.0}, a_call()) == 0.0
    async with asyncio.timeout(60):
        while hangs():  # noqa: ASYNC110  a thread is watched
            await asyncio.sleep(0.05)

    await asyncio.gather(
        *(tools.run(f"{parts}:slow", {"seconds": 0.1}, a_call()) for _ in range(2))
    )
