"""The window up on Qt's loop: a form changes the running rule, restart restarts, closing loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.e2e.conftest import document
from tests.e2e.console import ROOT, Console, wait_for
from tests.e2e.upstream import Upstream


def test_person_edits_a_rule_restarts_and_closes(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream))

    visit = subprocess.run(
        [sys.executable, "-m", "tests.e2e.window_session", str(console.data_dir), upstream.base_url],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )

    assert visit.returncode == 0, visit.stderr
    seen = json.loads(visit.stdout)
    assert seen == {"before_edit": "done", "after_edit": "unmatched", "restarted": True, "stop_failures": []}
    assert "Traceback" not in visit.stderr

    # What the closing window had read or not: a console on the same folder finishes it, once.
    console.start()
    wait_for(
        "the last message answered",
        lambda: bool(console.rows("SELECT 1 FROM message WHERE content = '你好 3' AND state = 'done'")),
    )
    assert console.stop() == 0
    assert upstream.replies("张三") == ["您好", "您好"]
