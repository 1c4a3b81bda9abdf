"""Scripts and commands of other processes against a running console: same calls, same replies."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import document
from tests.e2e.console import ROOT, Console, wait_for
from tests.e2e.upstream import Upstream
from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.attach_point import attach_file, read_attach_point
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.cli.arguments import parse
from wxauto_mgt.cli.asking import CallRefused
from wxauto_mgt.cli.console_commands import answer
from wxauto_mgt.cli.terminal import Terminal
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

CATALOGUE = Catalogue(Language.EN)
HERE = Path(__file__).parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


def environment(data_dir: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WXAUTO_MGT_")}
    return {
        **kept,
        "LC_ALL": "en_US.UTF-8",
        "PYTHONPATH": str(ROOT),
        "WXAUTO_MGT_DATA_DIR": str(data_dir),
        "WXAUTO_MGT_API_PORT": "0",
    }


def run_script(script: str, data_dir: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Run a script to its end; it must leave nothing open and print nothing but its result."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(HERE / script), *arguments],
        env=environment(data_dir),
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    replies: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return replies


def attached(console: Console, *, answer_within_s: float = 20.0) -> RemoteMonitorAPI:
    link = ConsoleLink(
        data_dir=console.data_dir,
        texts=lambda: CATALOGUE,
        clock=SystemClock(),
        answer_within_s=answer_within_s,
    )
    return RemoteMonitorAPI(link=link)


def command(console: Console, *words: str) -> tuple[int, str]:
    """Run a command as the program does, without the time that a process takes to start."""
    invocation = parse(words, CATALOGUE)
    out = io.StringIO()
    terminal = Terminal(out=out, err=io.StringIO(), catalogue=CATALOGUE, as_json=invocation.as_json)
    status = asyncio.run(answer(invocation.command, attached(console), terminal))  # type: ignore[arg-type]
    return status, out.getvalue()


def data(console: Console, *words: str) -> Any:
    status, out = command(console, *words, "--json")
    assert status == 0, (words, out)
    return json.loads(out)


def is_connected(console: Console) -> bool:
    reply: Any = asyncio.run(attached(console).get_api_clients_status())
    return bool(reply["success"]) and reply["connected_count"] == reply["total_count"] == 1


def started(console: Console, upstream: Upstream) -> None:
    console.import_config(document(upstream))
    console.start()
    wait_for("connected", lambda: is_connected(console))


def test_a_script_gets_the_same_replies_from_another_process_as_from_the_consoles_own(
    console: Console, upstream: Upstream
) -> None:
    started(console, upstream)
    beside = run_script("operators_script.py", console.data_dir)
    point = read_attach_point(console.data_dir)
    assert point is not None
    assert console.process is not None
    assert point.pid == console.process.pid
    if sys.platform != "win32":
        assert stat.S_IMODE(attach_file(console.data_dir).stat().st_mode) == 0o600
    assert console.stop() == 0, console.output()
    assert not attach_file(console.data_dir).exists()
    assert point.token not in console.log() + console.output()
    audit = console.rows("SELECT who, action, target FROM audit")
    assert ("attach", "service.restart") in [(who, action) for who, action, _ in audit]
    assert point.token not in str(audit)

    inside = run_script("in_process.py", console.data_dir, str(console.data_dir))
    for name, reply in beside.items():
        assert reply["success"] is True, reply
        assert set(reply) == set(inside[name]), name
        if isinstance(reply["data"], dict):
            assert set(reply["data"]) == set(inside[name]["data"]), name
    assert set(beside["clients"]["data"][0]) == set(inside["clients"]["data"][0])
    assert beside["restart"]["data"]["running"] is True
    assert beside["clients"]["connected_count"] == 1


def test_without_a_console_scripts_and_commands_say_so(console: Console) -> None:
    sentence = f"No console runs with the data folder {console.data_dir}. Start it first"
    replies = run_script("operators_script.py", console.data_dir)
    assert {reply["error"] for reply in replies.values()} == {sentence}
    done = console.run("health", "--json")
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
    assert json.loads(done.stdout) == {"success": False, "error": sentence}
    assert not console.data_dir.exists()


@POSIX
def test_a_killed_console_is_told_from_one_that_hangs(console: Console, upstream: Upstream) -> None:
    started(console, upstream)
    assert console.process is not None
    console.process.send_signal(signal.SIGSTOP)
    try:
        hanging = asyncio.run(attached(console, answer_within_s=0.5).get_statistics())
    finally:
        console.process.send_signal(signal.SIGCONT)
    assert f"(process {console.process.pid}) did not answer within" in str(hanging["error"])
    console.process.kill()
    console.process.wait()
    assert attach_file(console.data_dir).exists()
    assert "No console runs" in str(asyncio.run(attached(console).get_statistics())["error"])
    console.start()
    wait_for("the next console", lambda: is_connected(console))
    assert console.stop() == 0


def test_commands_show_and_steer_the_console(console: Console, upstream: Upstream) -> None:
    started(console, upstream)
    upstream.receive("张三", "你好 1")
    upstream.wait_for_replies("张三", 1)
    assert data(console, "status")["running"] is True
    wait_for("healthy", lambda: command(console, "health")[0] == 0)
    assert [client["instance_id"] for client in data(console, "health")["api_clients"]] == ["pc1"]
    services = {service["service"] for service in data(console, "services")}
    assert {"message_listener", "instance:pc1", "platform:kw"} <= services
    wait_for("listener", lambda: bool(data(console, "listeners")))
    assert data(console, "listeners")[0]["who"] == "张三"
    assert data(console, "pause")["paused"] is True
    assert data(console, "resume")["running"] is True
    assert data(console, "restart")["running"] is True
    assert data(console, "reload")["changed"] is False
    assert data(console, "errors") == []
    silence = data(console, "silence", "--for", "5m", "--note", "test")
    assert [found["id"] for found in data(console, "silence", "--list")] == [silence["id"]]
    data(console, "silence", "--end", str(silence["id"]))
    assert "app_memory_usage" in {record["name"] for record in data(console, "metrics")}
    wait_for("log", lambda: bool(data(console, "logs", "-n", "3", "console", "ready")))
    assert data(console, "repair", "message_listener", "--dry-run")["dry_run"] is True
    token = data(console, "token", "create", "bot", "--expires", "1h")
    assert [found["name"] for found in data(console, "token", "list")] == ["bot"]
    assert token["token"] not in str(data(console, "token", "list"))
    data(console, "token", "revoke", "bot")
    sample = json.loads(Path(data(console, "health", "--sample")["path"]).read_text(encoding="utf-8"))
    assert set(sample) == {"health_report", "performance_summary", "services"}
    with pytest.raises(CallRefused, match="nobody"):
        command(console, "repair", "nobody")
    for words in ("status", "health", "services", "listeners", "metrics", "logs", "alerts", "errors"):
        _, shown = command(console, words)
        assert "cli." not in shown, words
    wait_for("healthy again", lambda: command(console, "health")[0] == 0)
    examined = console.run("doctor", "--live")
    assert (examined.returncode, examined.stderr) == (0, ""), examined.stdout
    assert "✗" not in examined.stdout
    assert "\x1b" not in examined.stdout
    if sys.platform != "win32":
        check_ctrl_c(console.data_dir, "health", "--watch")
        check_ctrl_c(console.data_dir, "logs", "-f")
    assert console.stop() == 0, console.output()


def check_ctrl_c(data_dir: Path, *words: str) -> None:
    """A command that goes on shows something and ends well when it is told to."""
    output = data_dir.parent / "watched.out"
    with output.open("wb") as stream:
        watching = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *words],
            env=environment(data_dir),
            stdout=stream,
            stderr=subprocess.PIPE,
        )
        try:
            wait_for("something shown", lambda: output.stat().st_size > 0)
            watching.send_signal(signal.SIGINT)
            _, err = watching.communicate(timeout=20)
        finally:
            watching.kill()
    assert (watching.returncode, err) == (0, b""), words
