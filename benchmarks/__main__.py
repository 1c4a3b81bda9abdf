"""Runs the benchmarks and prints their table; docs/benchmarks.md says how to read it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import (
    alert_rules,
    attach,
    attack,
    delivery,
    edit,
    health_report,
    hung_instance,
    ingest,
    local_api,
    log_lines,
    responsiveness,
    series,
    service_checks,
    storm,
)
from benchmarks.bench import Bench
from benchmarks.figures import Line, table
from wxauto_mgt.runtime.interpreter import share_finely

BENCHMARKS: Final[Mapping[str, Callable[[Bench], Awaitable[list[Line]]]]] = {
    ingest.NAME: ingest.run,
    delivery.NAME: delivery.run,
    hung_instance.NAME: hung_instance.run,
    health_report.NAME: health_report.run,
    edit.NAME: edit.run,
    series.NAME: series.run,
    alert_rules.NAME: alert_rules.run,
    log_lines.NAME: log_lines.run,
    storm.NAME: storm.run,
    service_checks.NAME: service_checks.run,
    local_api.NAME: local_api.run,
    attach.NAME: attach.run,
    attack.NAME: attack.run,
    responsiveness.NAME: responsiveness.run,
}


def main(argv: Sequence[str]) -> int:
    """Run what was asked for; print a table, write JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="figures beside physical limits"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; none = all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all repetitions there")
    parser.add_argument("--quick", action="store_true", help="under a minute; figures not to be quoted")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    names = [name for name in BENCHMARKS if name in options.names or not options.names]
    share_finely()  # as a console's process does; the limits of this run have it too
    machine = _machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    with tempfile.TemporaryDirectory(prefix="wxauto-mgt-bench-") as scratch:
        bench = Bench(scratch=Path(scratch), is_quick=options.quick)
        lines = [line for name in names for line in _run(name, bench)]
    if options.json:
        report = {"machine": machine, "quick": options.quick, "lines": [line.as_json() for line in lines]}
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    return 0


def _run(name: str, bench: Bench) -> list[Line]:
    started_s = time.perf_counter()
    lines = asyncio.run(_awaited(BENCHMARKS[name](bench)))
    print(f"{table(lines)}\n{time.perf_counter() - started_s:>16.0f} s  to measure this", flush=True)
    return lines


async def _awaited(lines: Awaitable[list[Line]]) -> list[Line]:
    return await lines


def _machine() -> dict[str, str]:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load before": load,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
