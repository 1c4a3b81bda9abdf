"""The program as a process: exit statuses, streams and languages of the real command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0

DOCUMENT = """\
instances:
  - {id: pc1, name: 本机, base_url: "http://127.0.0.1:5000", api_key: "planted-key-of-pc1"}
listeners:
  - {instance: pc1, who: 张三, kind: fixed}
platforms:
  - {id: kw, name: 关键词, type: keyword, config: {rules: [{keywords: [你好], replies: [您好]}]}}
rules:
  - {id: r1, name: 全部, instance: "*", chat: "*", platforms: [kw], priority: 10}
channels: []
settings: {listening: {poll_interval_s: 1}}
"""


def _run(
    *words: str, language: str = "en_US.UTF-8", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *words],
        env=_environment(LC_ALL=language, **environment),
        cwd=ROOT,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )


def _environment(**extra: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WXAUTO_MGT_")}
    return {**kept, "WXAUTO_MGT_API_PORT": "0", **extra}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(DOCUMENT, encoding="utf-8")
    return file


def test_the_way_of_a_document_through_the_program(document: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    checked = _run("--data-dir", folder, "config", "check", str(document))
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert not Path(folder).exists()
    imported = _run("config", "import", str(document), "--data-dir", folder)
    assert (imported.returncode, imported.stderr) == (0, b"")
    exported = _run("config", "export", "--format", "json", WXAUTO_MGT_DATA_DIR=folder)
    assert exported.returncode == 0
    assert json.loads(exported.stdout)["instances"][0]["name"] == "本机"
    assert b"planted" not in exported.stdout
    bare = tmp_path / "out.yaml"
    assert _run("config", "export", str(bare), "--with-secrets", "--data-dir", folder).returncode == 0
    assert "planted-key-of-pc1" in bare.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en_US.UTF-8", "C"])
def test_output_is_utf8_whatever_the_system_says(document: Path, tmp_path: Path, language: str) -> None:
    folder = str(tmp_path / "data")
    arguments = ("config", "check", str(document), "--data-dir", folder)
    done = _run(*arguments, language=language, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert done.returncode == 0
    assert ("valid" if language.startswith("en") else "检查通过") in done.stdout.decode("utf-8")


def test_an_invalid_file_is_status_2_with_one_line_for_each_problem(document: Path, tmp_path: Path) -> None:
    text = DOCUMENT.replace("priority: 10", "piority: 10").replace("kind: fixed", "kind: fix")
    document.write_text(text, encoding="utf-8")
    done = _run("config", "import", str(document), "--data-dir", str(tmp_path / "data"))
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert [line.rpartition(": ")[0].partition(": ")[0] for line in lines] == [
        "line 4, listeners[0] pc1:张三 kind",
        "line 8, rules[0] r1 piority",
    ]
    assert done.stdout == b""


def test_wrong_usage_is_status_2_in_one_line() -> None:
    done = _run("config", "fly")
    assert done.returncode == 2
    assert len(done.stderr.decode().splitlines()) == 1
    assert done.stdout == b""


def test_a_folder_that_is_no_folder_is_status_3(document: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    done = _run("config", "import", str(document), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 3
    assert len(done.stderr.decode().splitlines()) == 1


def test_version_and_help_need_nothing() -> None:
    assert _run("--version").stdout.strip()
    shown = _run("--help", language="zh_CN.UTF-8")
    assert shown.returncode == 0
    assert "微信" in shown.stdout.decode("utf-8")


def test_a_document_may_come_from_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "config", "check", "-", "--data-dir", str(tmp_path / "data")],
        env=_environment(LC_ALL="C.UTF-8"),
        input=DOCUMENT.encode(),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_has_enough_is_no_crash(document: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    assert _run("config", "import", str(document), "--data-dir", folder).returncode == 0
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as closed:
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "config", "export", "--data-dir", folder],
            env=_environment(),
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            check=False,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_commands_never_load_qt(document: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from wxauto_mgt.cli import main; status = main(sys.argv[1:]);"
        "loaded = [name for name in sys.modules if name.startswith(('PySide6', 'qasync', 'pyqtgraph'))];"
        "sys.exit(status or 10 * bool(loaded))"
    )
    words = ("config", "check", str(document), "--data-dir", str(tmp_path / "data"))
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_the_simulator_serves_until_it_is_told_to_stop() -> None:
    with subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "simulate", "--port", "0"],
        env=_environment(LC_ALL="en_US.UTF-8"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            url = next(word.rstrip(",") for word in ready.split() if word.startswith("http://"))
            with urllib.request.urlopen(f"{url}/api/health", timeout=DEADLINE_S) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()
