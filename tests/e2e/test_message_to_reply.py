"""A message in, a confirmed reply out: real processes from the server to the database and back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import document, keyword_platform
from tests.e2e.console import Console, wait_for
from tests.e2e.upstream import Upstream


def reply_states(console: Console) -> list[str]:
    return [state for (state,) in console.rows("SELECT state FROM reply ORDER BY id")]


def test_reply_is_sent_once_and_confirmed_by_its_echo(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream))
    console.start()
    upstream.receive("张三", "你好 1")
    upstream.receive("张三", "你好 2")

    wait_for("both confirmed", lambda: reply_states(console) == ["confirmed", "confirmed"])

    assert upstream.replies("张三") == ["您好", "您好"]
    assert upstream.do("overlaps") == []
    assert console.stop() == 0, console.output()


def test_rule_changed_by_import_is_obeyed_by_the_next_message(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream, reply="旧"))
    console.start()
    upstream.receive("张三", "你好 1")
    assert upstream.wait_for_replies("张三", 1) == ["旧"]

    console.import_config({"platforms": [keyword_platform("新")]})
    # The promise: an edit by another process is in force within half a second.
    revision = console.rows("SELECT max(number) FROM config_revision")[0][0]
    wait_for("edit in force", lambda: f"revision {revision}" in console.log(), within_s=5)
    upstream.receive("张三", "你好 2")

    assert upstream.wait_for_replies("张三", 2) == ["旧", "新"]
    assert console.stop() == 0, console.output()


def test_demo_tells_the_truth_in_its_report(tmp_path: Path) -> None:
    console = Console(tmp_path / "demo")
    report_file = tmp_path / "out.json"

    result = console.run(
        "--headless", "--demo", "--duration", "20", "--report", str(report_file), timeout_s=60
    )

    assert result.returncode == 0, result.stderr
    report = json.loads(report_file.read_text(encoding="utf-8"))
    delivery = report["delivery"]
    assert delivery["confirmed"] > 0
    assert (delivery["unknown"], delivery["dead"]) == (0, 0)
    assert report["health_score"] >= 80
    settled = sum(delivery[state] for state in ("confirmed", "unconfirmed", "unknown", "failed"))
    assert (
        settled == delivery["replied"] <= delivery["delivered"] <= delivery["matched"] <= delivery["received"]
    )


def test_second_console_in_the_same_folder_says_so_and_exits(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream))
    console.start()
    wait_for("running", lambda: "ready" in console.output())

    second = console.run("--headless", "--duration", "1")

    assert second.returncode == 3
    assert len(second.stderr.strip().splitlines()) == 1
    assert console.stop() == 0
