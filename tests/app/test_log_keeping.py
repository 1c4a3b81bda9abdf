"""The logs of a whole console: searched through the facade, kept over a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.environment import FREE_PORT
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app import Application


async def search(**query: Any) -> Any:
    reply = await monitor_api.search_logs(**query)
    assert reply["success"] is True, reply
    return reply["data"]


async def test_records_of_this_run_and_the_one_before_are_found(tmp_path: Path) -> None:
    first = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await first.start()
    assert not await first.stop()
    second = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await second.start()

    await asyncio.to_thread(second.logs.flush)
    await second.log_keeping.index.write()
    runs = [record["facts"]["run_id"] for record in (await search(q="console ready"))["logs"]]
    assert runs == [second.run_id, first.run_id]
    assert (await search(q=first.run_id[:7], level="INFO", category="SYSTEM"))["logs"]
    counted = await monitor_api.get_log_statistics()
    data: Any = counted["data"]
    assert data["levels"]["INFO"] >= 2
    assert sum(hour["levels"]["INFO"] for hour in data["trend"]) == data["levels"]["INFO"]
    assert not await second.stop()
