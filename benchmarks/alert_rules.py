"""What an evaluation of a thousand calm alert rules costs, beside the bare reads of their values."""

from __future__ import annotations

import json
import time
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from wxauto_mgt.app import Application
from wxauto_mgt.core.access.settings import API_PORT
from wxauto_mgt.core.metrics.registry import MetricRegistry

NAME: Final = "rules"
_RULES: Final = 1_000
_PER_METRIC: Final = 100
_UNTIL_CALM: Final = 21  # as many results are remembered


async def run(bench: Bench) -> list[Line]:
    """The engine of a console that is open but does not run, so that nothing else takes part."""
    rounds = 20 if bench.is_quick else 100
    app = await Application.open(data_dir=bench.folder(NAME), environment={API_PORT: "0"})
    try:
        rules = [
            {
                "id": f"bench-{number}",
                "metric_name": f"bench_{number // _PER_METRIC}",
                "labels": {"series": str(number % _PER_METRIC)},
                "threshold": 80.0,
            }
            for number in range(_RULES)
        ]
        document = json.dumps({"alert_rules": rules})
        await app.config.import_document(document, filename="rules.json", replace=False, who="bench")
        registry = app.metering.registry
        for number in range(_RULES):
            labels = {"series": str(number % _PER_METRIC)}
            registry.record(f"bench_{number // _PER_METRIC}", 40.0, labels=labels)
        for _ in range(_UNTIL_CALM):
            await app.alerting.engine.evaluate()
        bare, evaluated = [], []
        for _ in range(rounds):
            bare.append(_bare_reads(registry))
            started_s = time.perf_counter()
            await app.alerting.engine.evaluate()
            evaluated.append((time.perf_counter() - started_s) * 1000)
        if app.alerting.engine.active():
            raise WentWrong("a calm rule fired")
    finally:
        await app.stop()
    measured, limit = Sample(tuple(evaluated), "ms"), Sample(tuple(bare), "ms")
    return [
        Line(
            NAME,
            f"{_RULES:,} rules evaluated, none fires",
            measured,
            "the newest value of each series, read one by one",
            limit,
            measured.median / limit.median,
            "times",
            "within 3",
        )
    ]


def _bare_reads(registry: MetricRegistry) -> float:
    keys = [
        (f"bench_{number // _PER_METRIC}", (("series", str(number % _PER_METRIC)),))
        for number in range(_RULES)
    ]
    started_s = time.perf_counter()
    values = [registry.latest(name, labels) for name, labels in keys]
    ended_s = time.perf_counter()
    if None in values:
        raise WentWrong("a value is missing")
    return (ended_s - started_s) * 1000
