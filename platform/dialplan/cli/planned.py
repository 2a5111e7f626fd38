"""Prints a plan for people and for machines, and reads the latter back."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from dialplan.config.difference import Change
from dialplan.errors import ConfigError
from dialplan.runtime.planning import Plan, VerticalPlan
from dialplan.store.steps import Risk, Step

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
_RISKS: dict[Risk, str] = {"SAFE": "green", "RISKY": "yellow", "DESTRUCTIVE": "red"}


def plan_text(plan: Plan) -> str:
    """Return a plan in words; one line a change, one line a step."""
    parts = ["nothing to deploy: the folder is what is deployed"] if plan.empty else []
    parts += [_vertical(one) for one in plan.verticals if not one.empty]
    if plan.numbers:
        parts.append("\n".join(["numbers", *(_change(one) for one in plan.numbers)]))
    if plan.missing:
        lines = [
            f"  {click.style('!', fg='red')} {tenant}: `{secret}` has no value: set `{variable}`"
            for tenant, secret, variable in plan.missing
        ]
        parts.append("\n".join(["secrets", *lines]))
    return "\n\n".join(parts)


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON; `read_plan` takes it back."""
    return {
        "verticals": [
            {
                "vertical": one.vertical,
                "deployed": one.deployed,
                "version": one.version,
                "needs": one.needs,
                "changes": [asdict(change) for change in one.changes],
                "steps": [asdict(step) for step in one.steps],
                "fingerprint": one.tables.fingerprint,
            }
            for one in plan.verticals
        ],
        "numbers": [asdict(change) for change in plan.numbers],
        "missing": [
            {"tenant": tenant, "secret": secret, "variable": variable}
            for tenant, secret, variable in plan.missing
        ],
    }


def fingerprints(written: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return version and fingerprint of each vertical in a plan that was written as JSON."""
    return {one["vertical"]: (one["version"], one["fingerprint"]) for one in written["verticals"]}


def read_fingerprints(path: Path) -> dict[str, tuple[str, str]]:
    """Read a plan that `dialplan plan --output` wrote.

    Raises:
        ConfigError: it is none.
    """
    try:
        return fingerprints(json.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise ConfigError(f"cannot read `{path}`: {why}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ConfigError(f"`{path}` is no plan: write one with `dialplan plan --output`") from exc


def _vertical(one: VerticalPlan) -> str:
    was = one.deployed or "nothing"
    head = f"{click.style(one.vertical, bold=True)}  {was} -> {one.version}  needs: {one.needs}"
    lines = [head, *_changes(one.changes)]
    lines += [_step(step) for step in one.steps]
    return "\n".join(lines)


def _changes(changes: tuple[Change, ...]) -> list[str]:
    """Return a line for each change; names that are only added or removed share one."""
    lines: list[str] = []
    for (area, how, plain), group in groupby(
        changes, key=lambda one: (one.area, one.how, not one.details and one.how != "changed")
    ):
        if plain:
            lines.append(_change(Change(area, ", ".join(one.name for one in group), how)))
        else:
            lines += [_change(one) for one in group]
    return lines


def _change(change: Change) -> str:
    sign = click.style(_SIGNS[change.how], fg=_COLOURS[change.how])
    what = f"{change.area} {change.name}".strip()
    details = f": {', '.join(change.details)}" if change.details else ""
    return f"  {sign} {what}{details}"


def _step(step: Step) -> str:
    risk = click.style(f"{step.risk:<11}", fg=_RISKS[step.risk])
    note = f" ({step.note})" if step.note else ""
    return f"  {risk} {step.what}{note}"
