"""The server works in Qt's event loop as it does in asyncio's, and leaves the process's signals alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT

SCRIPT = """
import json, signal, sys
from pathlib import Path
import aiohttp
from wxauto_mgt.app import Application
from wxauto_mgt.ui.bootstrap import make_application, run_on_qt

async def main():
    handler = signal.getsignal(signal.SIGINT)
    environment = {"WXAUTO_MGT_API_PORT": "0", "WXAUTO_MGT_API_TOKEN": "planted-token-one"}
    console = await Application.open(data_dir=Path(sys.argv[1]), environment=environment)
    await console.start()
    url = console.http.address.url
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer planted-token-one"}) as session:
        async with session.post(url + "/api/monitor/get_service_status") as answer:
            running = (await answer.json())["data"]["running"]
        async with session.get(url + "/api/events") as stream:
            await stream.content.readline()
            failures = await console.stop()
            await stream.content.read()
    kept = signal.getsignal(signal.SIGINT) is handler
    print(json.dumps({"running": running, "failures": len(failures), "signals_kept": kept}))

run_on_qt(make_application(), main())
"""


def test_it_serves_streams_and_stops_in_qts_loop(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found == {"running": True, "failures": 0, "signals_kept": True}, done.stderr
    assert "Traceback" not in done.stderr
