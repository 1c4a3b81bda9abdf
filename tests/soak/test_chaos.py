"""A whole console under trouble from a seed; afterwards the servers' truth and our rows must agree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import chaos, checks
from tests.soak.rig import Rig

_TROUBLES = (
    (chaos.fault, 8),
    (chaos.desktop, 3),
    (chaos.death, 2),
    (chaos.operator, 1),
    (chaos.edit, 2),
    (chaos.platform, 2),
    (chaos.reopen, 1),
)
_LONGEST_STOP_S = 4.0


@pytest.mark.parametrize(("seed", "servers"), [(1, 1), (3, 2)])
async def test_whatever_goes_wrong_nothing_is_sent_twice_lost_or_lied_about(
    tmp_path: Path, seed: int, servers: int
) -> None:
    rig = Rig(folder=tmp_path / "data", seed=seed, servers=servers)
    try:
        await rig.open()
        # Texts of their own only: what a repeated text stands for is not always decidable.
        await chaos.run(
            rig, random.Random(seed), duration_s=2.0, troubles=_TROUBLES, pause_s=0.1, repeats=0.0
        )
        await rig.heal()
        stopped_in_s = await rig.stop_console()
    finally:
        await rig.close()
    assert checks.findings(rig) == []
    assert rig.stop_failures == []
    assert stopped_in_s < _LONGEST_STOP_S
