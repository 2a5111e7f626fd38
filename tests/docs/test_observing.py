"""The reference pages say what is there, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric

from dialplan.runtime.metrics import Metrics

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def exposed(metric: Metric) -> str:
    # The name without the suffix is the family's; samples of a counter end in `_total`.
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_every_metric_is_in_the_reference_and_no_other() -> None:
    written = re.findall(r"^\| `([a-z_]+)` \|", (REFERENCE / "metrics.md").read_text(), re.M)

    there = [exposed(metric) for metric in Metrics().registry.collect()]

    assert sorted(written) == sorted(there)


def test_the_labels_of_every_metric_are_in_the_reference() -> None:
    page = (REFERENCE / "metrics.md").read_text()
    written = dict(re.findall(r"^\| `(dialplan_[a-z_]+)` \| ([a-z, ]*) ?\|", page, re.M))

    metrics = vars(Metrics()).values()
    there = {
        f"{one._name}_total" if one._type == "counter" else one._name: ", ".join(one._labelnames)
        for one in metrics
        if hasattr(one, "_labelnames")
    }

    assert {name: labels.strip() for name, labels in written.items()} == there


def test_every_parameter_of_the_list_of_calls_is_in_the_reference() -> None:
    page = (REFERENCE / "api.md").read_text()
    rows = re.search(r"### GET /api/calls\n(.*?)\n    \{", page, re.S)
    assert rows is not None

    written = re.findall(r"`([a-z]+)`(?:, `([a-z]+)`)? \|", rows[1])

    assert {name for pair in written for name in pair if name} == {
        *("tenant", "vertical", "number", "from", "to", "limit", "before")
    }
