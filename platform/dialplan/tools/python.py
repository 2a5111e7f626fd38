"""Tools that are functions of an installed package: found, called within limits, their result read.

Only functions marked with `dialplan.plugin.tool` are called: a YAML file cannot reach any other.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import inspect
import json
import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time, tzinfo
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from dialplan.errors import ToolError, ToolRefused
from dialplan.plugin import Call, Refused, is_tool
from dialplan.tools.state import CallState
from dialplan.tools.values import plain

logger = logging.getLogger(__name__)

MOST_THREADS = 16
"""How many functions that are not `async` run at once; others wait for their turn."""
MOST_CHARACTERS = 1_000_000
"""The longest result, in characters of JSON."""


@dataclass(frozen=True, slots=True)
class _Found:
    call: Callable[..., object]
    wants_call: bool
    is_async: bool


class PythonTools:
    """The functions that this process has found, and the threads that they may take."""

    def __init__(self, most_threads: int = MOST_THREADS) -> None:
        """Args: how many functions that are not `async` may run at once."""
        self._found: dict[str, _Found] = {}
        self._threads = asyncio.Semaphore(most_threads)

    async def run(self, name: str, arguments: Mapping[str, object], call: CallState) -> object:
        """Call `package.module:function`; the caller sets the limit of time.

        Raises:
            ToolRefused: the function refuses, in words for the model.
            ToolError: there is no such tool, it failed, or what it returned is no JSON.
        """
        found = self._found.get(name)
        if found is None:
            # An import may read files and take its time.
            found = self._found[name] = await self._in_thread(name, partial(_find, name))
        given = dict(arguments)
        if found.wants_call:
            given["call"] = _about(call)
        if found.is_async:
            result = await self._guarded(name, call, found.call(**given))
        else:
            work = self._in_thread(name, partial(found.call, **given))
            result = await self._guarded(name, call, work)
        return _read(name, result, call.zone)

    async def _guarded(self, name: str, call: CallState, work: Any) -> object:
        try:
            return await work
        except Refused as refused:
            raise ToolRefused(str(refused)) from refused
        except (ToolError, TimeoutError):
            raise
        except Exception as error:
            # The border to code of others. Its message may repeat the caller's words.
            logger.error(
                "python tool raised",
                extra={
                    "call_sid": call.call_sid,
                    "tool": name,
                    "reason": type(error).__name__,
                    "trace": "".join(traceback.format_tb(error.__traceback__)),
                    "message_pii": str(error),
                },
            )
            raise ToolError(f"`{name}` raised {type(error).__name__}") from error

    async def _in_thread(self, name: str, work: Callable[[], Any]) -> Any:
        """Run in a thread that the end of the process does not wait for.

        A thread cannot be stopped: one whose caller has given up keeps its place until it ends.
        """
        await self._threads.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def settle(result: object, error: BaseException | None) -> None:
            self._threads.release()
            if done.cancelled():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def target() -> None:
            try:
                outcome: tuple[object, BaseException | None] = (context.run(work), None)
            except BaseException as error:  # whatever it is, it belongs to who asked
                outcome = (None, error)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, *outcome)

        threading.Thread(target=target, name=f"tool {name}", daemon=True).start()
        return await done


def _find(name: str) -> _Found:
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # an import runs code of others
        raise ToolError(f"`{name}` cannot be imported: {type(error).__name__}") from error
    if not is_tool(found):
        raise ToolError(f"`{name}` is no tool: mark it with `dialplan.plugin.tool`")
    parameters = inspect.signature(found).parameters
    return _Found(found, "call" in parameters, inspect.iscoroutinefunction(found))


def _about(call: CallState) -> Call:
    return Call(
        id=call.call_sid,
        tenant=call.tenant,
        vertical=call.vertical,
        agent=call.agent,
        caller=call.caller,
        called=call.called,
        now=call.now().astimezone(call.zone),
        variables=MappingProxyType(dict(call.variables)),
        state=MappingProxyType(dict(call.state)),
        secrets=MappingProxyType(dict(call.secrets)),
    )


def _read(name: str, result: object, zone: tzinfo) -> object:
    def known(value: object) -> object:
        if isinstance(value, date | time | Decimal | UUID | set | frozenset | Mapping):
            return plain(value, zone)
        raise TypeError(type(value).__name__)

    try:
        written = json.dumps(result, default=known, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"`{name}` returned what JSON cannot hold: {error}") from error
    if len(written) > MOST_CHARACTERS:
        raise ToolError(f"`{name}` returned more than {MOST_CHARACTERS} characters")
    return json.loads(written)
