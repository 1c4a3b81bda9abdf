from __future__ import annotations

import subprocess
import sys

import pytest

from wxauto_mgt.runtime.fault_points import FaultPoints

SCRIPT = """
import sys
from wxauto_mgt.runtime.fault_points import FaultPoints
points = FaultPoints(sys.argv[1])
for name in ("a", "b", "a"):
    print(name, flush=True)
    points.reach(name)
print("end", flush=True)
"""


@pytest.mark.parametrize(
    ("spec", "printed"),
    [("a", ["a"]), ("b", ["a", "b"]), ("a:2", ["a", "b", "a"]), ("c", ["a", "b", "a", "end"])],
)
def test_the_process_dies_at_the_point_and_time_that_were_named(spec: str, printed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, spec], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stdout.split() == printed
    assert (done.returncode == 0) == (printed[-1] == "end")


@pytest.mark.parametrize("spec", [None, ""])
def test_without_a_spec_nothing_happens(spec: str | None) -> None:
    FaultPoints(spec).reach("")
    FaultPoints(spec).reach("a")
