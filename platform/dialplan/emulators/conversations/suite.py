"""All conversations of a run: found, selected, held a few at a time, results in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from dialplan.config.conversations import LoadedConversation
from dialplan.config.load import LoadedVertical, load_conversations, load_vertical
from dialplan.config.problem import Problem, VerticalProblems
from dialplan.config.seeds import load_seed
from dialplan.emulators.conversations.after_call import asks
from dialplan.emulators.conversations.live import LiveModel
from dialplan.emulators.conversations.logbook import Logbook
from dialplan.emulators.conversations.room import clock_of, zone_of
from dialplan.emulators.conversations.run import Manner, Means, Result, run_conversation
from dialplan.errors import ConfigError
from dialplan.knowledge.minilm import Embedder
from dialplan.model.conversation import Conversation
from dialplan.settings import Settings
from dialplan.store.embedded import start_embedded
from dialplan.store.throwaway import open_throwaway


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation with its vertical."""

    loaded: LoadedVertical
    told: LoadedConversation


def find(paths: Iterable[Path], word: str = "") -> list[Case]:
    """Return the conversations under some paths whose name or file holds `word`.

    A path is a vertical's folder, a folder of verticals, or one conversation.

    Raises:
        VerticalProblems: files have errors; all of them are in it.
        ConfigError: a path is none of these, or no conversation is left.
    """
    paths = list(paths)
    problems: list[Problem] = []
    found: dict[Path, Case] = {}
    for path in paths:
        folders = _folders(path)
        if not folders:
            raise ConfigError(f"`{path}` holds no vertical and is no conversation of one")
        for folder in folders:
            try:
                cases = _cases(folder)
            except VerticalProblems as exc:
                problems += exc.problems
                continue
            here = [case for case in cases if path.is_dir() or case.told.file.samefile(path)]
            if not here and path.is_file():
                raise ConfigError(
                    f"`{path}` is not among the conversations of `{folder}`: "
                    "see `conversations` in its vertical.yaml"
                )
            found |= {case.told.file.resolve(): case for case in here}
    if problems:
        raise VerticalProblems(set(problems))
    wanted = word.casefold()
    kept = [
        case
        for case in found.values()
        if wanted in case.told.conversation.name.casefold() or wanted in case.told.name.casefold()
    ]
    if not kept:
        under = ", ".join(f"`{path}`" for path in paths)
        named = f" with `{word}` in its name" if word else ""
        raise ConfigError(f"no conversation{named} found under {under}")
    return kept


async def run_all(
    cases: Sequence[Case],
    settings: Settings,
    manner: Manner,
    *,
    at_once: int,
    fail_fast: bool = False,
    live: LiveModel | None = None,
    show: Callable[[Result], None] = lambda _result: None,
    done: Callable[[Result], None] = lambda _result: None,
) -> list[Result]:
    """Return the results in the order of `cases`, each shown as soon as those before it are.

    With `fail_fast` the first failure is the last result. A `live` model answers instead of the
    emulated one. `done` is told of each call at its end, in no order.

    Raises:
        ConfigError: the `rehearsal` extra is not installed, and a model has to think.
        StoreError: the database's server does not let one be made for each call.
    """
    embedder = Embedder()
    if live is None and not all(_written(case.told.conversation) for case in cases):
        # Inside a call it would only be an agent that falls silent.
        await asyncio.to_thread(embedder.load)
    async with AsyncExitStack() as stack:
        logbook = stack.enter_context(Logbook().reading())
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            embedded = await start_embedded(settings.data)
            stack.push_async_callback(embedded.stop)
            url = embedded.url
        databases = await stack.enter_async_context(open_throwaway(url))
        means = Means(databases, manner, embedder, logbook, settings, live)
        turn = asyncio.Semaphore(at_once)

        async def held(case: Case) -> Result:
            async with turn:
                result = await run_conversation(case.loaded, case.told, means)
                done(result)
                return result

        results: list[Result] = []
        async with asyncio.TaskGroup() as group:
            # The longest begin first, so that none of them is what all wait for in the end.
            order = sorted(
                range(len(cases)), key=lambda at: 0 if fail_fast else -_length(cases[at])
            )
            begun = {at: group.create_task(held(cases[at])) for at in order}
            tasks = [begun[at] for at in range(len(cases))]
            for task in tasks:
                result = await task
                results.append(result)
                show(result)
                if fail_fast and not result.passed:
                    break
            for task in tasks:
                task.cancel()
        return results


def _written(conversation: Conversation) -> bool:
    """Whether all that a model would have to think is written down."""
    reads = asks(conversation) and not conversation.after_call
    return conversation.scripted and not reads


def _length(case: Case) -> int:
    return len(case.told.conversation.turns)


def _folders(path: Path) -> list[Path]:
    if path.is_file():
        above = (folder for folder in path.parents if (folder / "vertical.yaml").is_file())
        return [folder for folder in [next(above, None)] if folder is not None]
    if (path / "vertical.yaml").is_file():
        return [path]
    return sorted(file.parent for file in path.glob("*/vertical.yaml"))


def _cases(folder: Path) -> list[Case]:
    loaded = load_vertical(folder)
    cases = [Case(loaded, told) for told in load_conversations(loaded).values()]
    problems: set[Problem] = set()
    for case in cases:
        name, zone = case.told.conversation.given.seed, zone_of(loaded, case.told)
        today = clock_of(loaded, case.told).now().astimezone(zone).date()
        if name is not None:
            try:
                load_seed(folder, name, loaded.vertical.database, today=today, zone=zone)
            except VerticalProblems as exc:
                problems |= set(exc.problems)
    if problems:
        raise VerticalProblems(problems)
    return cases
