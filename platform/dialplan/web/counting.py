"""What a scrape of one port answers when several workers are behind it: what all of them count.

The worker that is hit asks the others and writes every sample with a label `worker`, so that a
counter never jumps from one worker's value to another's. Prometheus adds up, not we.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from dialplan.web.siblings import SiblingLost, Siblings

log = logging.getLogger(__name__)


def counted(registry: CollectorRegistry) -> bytes:
    """Return every sample of a process, to be sent to a sibling."""
    return orjson.dumps(
        [
            [one.name, one.documentation, one.type, [_sample(sample) for sample in one.samples]]
            for one in registry.collect()
        ]
    )


def _sample(sample: Sample) -> list[object]:
    return [sample.name, sample.labels, sample.value]


class _Merged(Collector):
    """Families of all workers: each once, with the samples of every worker that answered."""

    def __init__(self, answers: dict[int, bytes | None]) -> None:
        self._answers = answers

    def collect(self) -> Iterable[Metric]:
        """Return the families."""
        up = GaugeMetricFamily(
            "dialplan_worker_up",
            "Whether a worker answered this scrape.",
            labels=["worker"],
        )
        families: dict[str, Metric] = {}
        for worker, answer in sorted(self._answers.items()):
            up.add_metric([str(worker)], 0 if answer is None else 1)
            for name, meaning, kind, samples in [] if answer is None else orjson.loads(answer):
                family = families.setdefault(name, Metric(name, meaning, kind))
                for sample, labels, value in samples:
                    family.add_sample(sample, {**labels, "worker": str(worker)}, value)
        yield up
        yield from families.values()


async def scrape(registry: CollectorRegistry, siblings: Siblings | None) -> bytes:
    """Return the text of a scrape; a sibling that does not answer within a second is left out."""
    if siblings is None:
        return generate_latest(registry)

    async def ask(index: int) -> bytes | None:
        try:
            return await siblings.metrics(index)
        except SiblingLost as exc:
            log.warning("worker not scraped", extra={"reason": str(exc)})
            return None

    others = siblings.slot.siblings
    answers = dict(zip(others, await asyncio.gather(*map(ask, others)), strict=True))
    answers[siblings.slot.index] = counted(registry)
    merged = CollectorRegistry(auto_describe=False)
    merged.register(_Merged(answers))
    return generate_latest(merged)
