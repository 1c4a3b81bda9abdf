"""One of two servers fails: the report says so after two probe rounds, and the other one does not notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import document
from tests.e2e.console import Console, wait_for
from tests.e2e.upstream import Upstream

HEALTH = "/api/health"
SESSIONS = "/api/wechat/get-session"
MAIN_READ = "/api/message/get-next-new"


@pytest.fixture
def other() -> Iterator[Upstream]:
    """A second server."""
    server = Upstream("--seed", "2")
    server.do("add_chat", title="李四")
    yield server
    server.close()


def break_html(server: Upstream) -> None:
    server.do("answer_html", route="*", times=None)


def break_dead(server: Upstream) -> None:
    server.do("kill")


def break_hang(server: Upstream) -> None:
    server.do("hang", route=MAIN_READ)


def break_stopped(server: Upstream) -> None:
    server.close()


def calls(server: Upstream, route: str) -> int:
    count: int = server.do("calls").get(route, 0)
    return count


def wait_for_rounds(server: Upstream, rounds: int) -> None:
    """Wait until a server was probed so often from now on; the clock of all instances' probes."""
    before = calls(server, HEALTH)
    wait_for(f"{rounds} probe rounds", lambda: calls(server, HEALTH) >= before + rounds)


def stop_and_report(console: Console, file: Path) -> dict[str, Any]:
    assert console.stop() == 0, console.output()
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return report


def connected(report: dict[str, Any]) -> dict[str, bool | None]:
    return {client["instance_id"]: client["connected"] for client in report["api_clients"]}


@pytest.mark.parametrize("break_server", [break_html, break_dead, break_hang, break_stopped])
def test_failing_server_is_seen_and_the_other_goes_on(
    console: Console, upstream: Upstream, other: Upstream, tmp_path: Path, break_server: Any
) -> None:
    report_file = tmp_path / "report.json"
    console.import_config(document(upstream, other))
    console.start("--report", str(report_file))
    for server in (upstream, other):
        wait_for("sessions listed", lambda server=server: calls(server, SESSIONS) >= 2)  # type: ignore[misc]

    break_server(upstream)
    # A hung read holds the desktop: its evidence runs out with the rounds, each at most 3 s long.
    wait_for_rounds(other, 40 if break_server is break_hang else 6)
    other.receive("李四", "你好")
    other.wait_for_replies("李四", 1)

    report = stop_and_report(console, report_file)
    assert connected(report) == {"pc1": False, "pc2": True}
    lost = {deduction["part"]: deduction["points"] for deduction in report["deductions"]}
    assert lost["api_clients"] == 15
    assert report["health_score"] <= 85


def test_restarted_server_is_initialised_and_listened_again(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream))
    console.start()
    upstream.receive("张三", "你好 1")
    upstream.wait_for_replies("张三", 1)
    wait_for("listened", lambda: upstream.do("state")["listened"] == ["张三"])

    upstream.do("restart")
    assert upstream.do("state")["initialized"] is False
    wait_for("initialised again", lambda: upstream.do("state")["initialized"])
    wait_for("listened again", lambda: upstream.do("state")["listened"] == ["张三"])

    upstream.receive("张三", "你好 2")
    assert upstream.wait_for_replies("张三", 2) == ["您好", "您好"]
    assert console.stop() == 0, console.output()


def test_every_server_dead_is_never_a_good_score(
    console: Console, upstream: Upstream, other: Upstream, tmp_path: Path
) -> None:
    report_file = tmp_path / "report.json"
    console.import_config(document(upstream, other))
    console.start("--report", str(report_file))
    for server in (upstream, other):
        wait_for("sessions listed", lambda server=server: calls(server, SESSIONS) >= 2)  # type: ignore[misc]

    for server in (upstream, other):
        break_dead(server)
    for server in (upstream, other):
        wait_for_rounds(server, 4)

    report = stop_and_report(console, report_file)
    assert connected(report) == {"pc1": False, "pc2": False}
    assert report["overall_status"] == "critical"
