"""`dialplan knowledge`: asks articles, tests how well they are found, and indexes them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from dialplan.cli.finding import find_vertical
from dialplan.cli.retrieval import comparison, hit_lines, hits_json, verdict, verdict_json
from dialplan.config.load import LoadedVertical, load_all, load_retrieval
from dialplan.config.problem import VerticalProblems, did_you_mean, render_text
from dialplan.errors import ConfigError
from dialplan.knowledge.library import Library
from dialplan.knowledge.measure import TOP, Outcome, figures, outcome
from dialplan.knowledge.ranking import RULES, Candidate, Rule, chosen, in_force, spread
from dialplan.model.retrieval import Question, Retrieval
from dialplan.runtime.service import providers_from
from dialplan.settings import Settings
from dialplan.store.opening import open_database
from dialplan.store.tenancy import tenant_transaction

NOBODY = "-"
"""Whom the command asks as, unless told: a tenant without articles of its own."""
_AT_ONCE = 4

_EXAMPLES = """\b
Examples:
  dialplan knowledge ask repair_shop "The tunnel says 809."
  dialplan knowledge test                       all test sets; exit code 1 below their goals
  dialplan knowledge test repair_shop --compare the ranking rules side by side
"""
_FORMAT = click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How it is printed.",
)


@click.group(epilog=_EXAMPLES)
def knowledge() -> None:
    """Look into the articles that verticals answer from."""


@knowledge.command()
@click.argument("vertical")
@click.argument("question")
@click.option("--collection", metavar="NAME", help="Which collection, where there are several.")
@click.option("--tenant", metavar="NAME", default=NOBODY, help="Ask as this tenant.")
@click.option(
    "--top",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    help="How many passages are shown.",
)
@_FORMAT
def ask(
    vertical: str, question: str, collection: str | None, tenant: str, top: int, shape: str
) -> None:
    """Show which passages of VERTICAL answer QUESTION, with their scores and what made them.

    Those that a call would not get are shown too, and marked: where the first is below the tool's
    `at_least`, none is given, and none that is much farther than the first.
    """
    if not question.strip():
        raise ConfigError("the question is empty: ask what a caller would")
    loaded = _loaded(vertical)
    name = _collection(loaded, collection)

    async def run() -> tuple[list[Candidate], float]:
        async with _library() as library:
            await library.prepare(loaded)
            await library.candidates(loaded, tenant, name, question)  # loads the model
            began = time.perf_counter()
            found = await library.candidates(loaded, tenant, name, question)
            return found, (time.perf_counter() - began) * 1000

    found, ms = asyncio.run(run())
    ranked = in_force(found)
    hits = spread(ranked, top)
    limits = limits_of(loaded, name)
    given = chosen(ranked, limits.top, limits.at_least)
    if shape == "json":
        shown = hits_json(hits, given)
        click.echo(json.dumps({"hits": shown, "ms": round(ms, 1)}, indent=2, ensure_ascii=False))
        return
    for line in hit_lines(hits, given):
        click.echo(line)
    click.echo(
        f"{len(found)} passages compared in {ms:.1f} ms; {limits.top} are given at most, "
        f"from {limits.at_least:g} on"
    )


@knowledge.command()
@click.argument("verticals", nargs=-1)
@click.option("--compare", is_flag=True, help="Print the figures of every ranking rule.")
@_FORMAT
def test(verticals: tuple[str, ...], compare: bool, shape: str) -> None:
    """Ask the questions of test sets and print recall@3, MRR and what was missed.

    `given` is the share of questions with an article for which a call gets a passage of it. Of the
    questions that are held out only figures are printed.
    Without VERTICAL, all that have a test set. Exit code: 0 every goal is reached, 1 one is not,
    2 nothing could be tested.
    """
    sets = _test_sets(verticals)

    async def run() -> list[tuple[LoadedVertical, str, Retrieval, list[list[Candidate]]]]:
        done = []
        async with _library() as library:
            for loaded, name, tests in sets:
                await library.prepare(loaded)
                done.append((loaded, name, tests, await _asked(library, loaded, name, tests)))
        return done

    good = True
    written: list[object] = []
    for loaded, name, tests, found in asyncio.run(run()):
        limits = limits_of(loaded, name)
        outcomes = judged(tests.questions, found, in_force, limits)
        good = good and figures(outcomes).reaches(tests.at_least)
        title = f"{loaded.vertical.name}.{name}"
        rules = {
            rule: judged(tests.questions, found, RULES[rule], limits)
            for rule in (RULES if compare else ())
        }
        if shape == "json":
            written.append(verdict_json(title, outcomes, tests.at_least, rules))
        else:
            click.echo(verdict(title, outcomes, tests.at_least))
            if rules:
                click.echo(comparison(rules))
    if shape == "json":
        click.echo(json.dumps({"collections": written}, indent=2, ensure_ascii=False))
    if not good:
        sys.exit(1)


@knowledge.command()
@click.argument("verticals", nargs=-1)
@_FORMAT
def index(verticals: tuple[str, ...], shape: str) -> None:
    """Index the articles of VERTICAL, or of all; only what changed is embedded.

    `dialplan apply` and a server do the same by themselves.
    """
    chosen_ones = [one for one in _all_loaded(verticals) if one.vertical.knowledge]
    if not chosen_ones:
        raise ConfigError("no vertical has articles: name them under `knowledge`")

    async def run() -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        async with _library() as library:
            for loaded in chosen_ones:
                began = time.perf_counter()
                for one in await library.prepare(loaded):
                    rows.append(
                        {
                            "vertical": loaded.vertical.name,
                            "collection": one.collection,
                            "passages": one.passages,
                            "asked": one.asked,
                            "embedded": one.embedded,
                            "left": one.left,
                        }
                    )
                rows[-1]["seconds"] = round(time.perf_counter() - began, 2)
        return rows

    rows = asyncio.run(run())
    if shape == "json":
        click.echo(json.dumps({"collections": rows}, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['vertical']}.{row['collection']}: {row['passages']} passages, "
            f"{row['asked']} ways of asking, {row['embedded']} embedded, {row['left']} left"
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tool gives of what is found: how many passages at most, the nearest how near."""

    top: int
    at_least: float


def limits_of(loaded: LoadedVertical, collection: str) -> Limits:
    """Return the widest limits of the tools that look into a collection."""
    tools = [one for one in loaded.vertical.tools.values() if one.knowledge == collection]
    return Limits(
        top=max((one.top for one in tools), default=TOP),
        at_least=min((one.at_least for one in tools), default=0.0),
    )


def judged(
    questions: Sequence[Question],
    found: Sequence[Sequence[Candidate]],
    rule: Rule,
    limits: Limits,
) -> list[Outcome]:
    """Rank what each question put forward by a rule, and judge it."""
    return [
        outcome(question, rule(one), limits.top, limits.at_least)
        for question, one in zip(questions, found, strict=True)
    ]


async def _asked(
    library: Library, loaded: LoadedVertical, name: str, tests: Retrieval
) -> list[list[Candidate]]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(question: Question) -> list[Candidate]:
        async with gate:
            return await library.candidates(loaded, NOBODY, name, question.ask)

    return list(await asyncio.gather(*map(one, tests.questions)))


@asynccontextmanager
async def _library() -> AsyncIterator[Library]:
    settings = Settings.from_environ(os.environ)
    providers = providers_from(settings)
    try:
        async with open_database(settings) as database:
            yield Library(database, providers, partial(tenant_transaction, database))
    finally:
        await providers.close()


def _loaded(vertical: str) -> LoadedVertical:
    try:
        return find_vertical(vertical)
    except VerticalProblems as found:
        click.echo(render_text(found.problems), err=True)
        sys.exit(2)


def _all_loaded(names: Sequence[str]) -> list[LoadedVertical]:
    if names:
        return [_loaded(name) for name in names]
    try:
        return list(load_all(Settings.from_environ(os.environ).verticals).values())
    except VerticalProblems as found:
        click.echo(render_text(found.problems), err=True)
        sys.exit(2)


def _collection(loaded: LoadedVertical, wanted: str | None) -> str:
    known: Mapping[str, object] = loaded.vertical.knowledge
    if wanted is None and len(known) == 1:
        return next(iter(known))
    if wanted in known and wanted is not None:
        return wanted
    name, listed = loaded.vertical.name, ", ".join(known)
    if not known:
        raise ConfigError(f"`{name}` has no articles: name them under `knowledge`")
    if wanted is None:
        raise ConfigError(f"`{name}` has several collections: say `--collection` ({listed})")
    hint = did_you_mean(wanted, known) or f"it has {listed}"
    raise ConfigError(f"no collection `{wanted}` in `{name}`: {hint}")


def _test_sets(names: Sequence[str]) -> list[tuple[LoadedVertical, str, Retrieval]]:
    found = [
        (loaded, name, load_retrieval(Path(loaded.folder), one.tests))
        for loaded in _all_loaded(names)
        for name, one in loaded.vertical.knowledge.items()
        if one.tests is not None
    ]
    if not found:
        raise ConfigError("no collection has `tests`: name a file of questions there")
    return found
