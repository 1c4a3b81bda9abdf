"""The doctor finds what is wrong, says what to do, and ends with or without a console."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import re
import socket
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.console import SetReplies
from tests.environment import FREE_PORT
from wxauto_mgt import app
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.app.data_folder import console_database, make_data_folder, open_console_database
from wxauto_mgt.cli import doctor
from wxauto_mgt.cli.commands import Doctor
from wxauto_mgt.cli.doctor import data_folder, system_services
from wxauto_mgt.cli.doctor.configuration import read_configuration
from wxauto_mgt.cli.doctor.console import examine_address, examine_port
from wxauto_mgt.cli.doctor.data_folder import examine_data_folder
from wxauto_mgt.cli.doctor.examination import Examination
from wxauto_mgt.cli.doctor.findings import Area, Finding, Findings, Verdict, advice, sentence
from wxauto_mgt.cli.doctor.installation import examine_installation, wanted_packages
from wxauto_mgt.cli.doctor.live import examine_live
from wxauto_mgt.cli.doctor.network import examine_network
from wxauto_mgt.cli.doctor.services import examine_programs, examine_repairs
from wxauto_mgt.cli.doctor.system_services import examine_system_services
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.platform import DataFolderLock, System
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="rights as POSIX has them")
SECRET = "planted-api-key-of-pc1"
CATALOGUES = {language: Catalogue(language) for language in Language}
KEYWORD_RULE = {"keywords": ["a"], "replies": ["b"]}
CLOCK = SystemClock()


def codes(findings: Findings, verdict: Verdict | None = None) -> list[str]:
    return [finding.code for finding in findings if verdict in (None, finding.verdict)]


def one(findings: Findings, code: str) -> Finding:
    (found,) = [finding for finding in findings if finding.code == code]
    return found


async def make_folder(folder: Path, document: Mapping[str, object] | None = None) -> None:
    """A data folder as a console leaves it."""
    make_data_folder(folder)
    db = await open_console_database(folder, readers=1)
    try:
        service = ConfigService(
            db=db,
            sections=app.config_sections(app.load_plugins()),
            settings_groups=app.settings_groups(),
            secrets=app.secret_box(folder, Redactor()),
            notifier=ConfigNotifier(),
            clock=CLOCK,
            environment={},
        )
        await service.load()
        text = json.dumps(document or {"rules": []})
        await service.import_document(text, filename="d.json", replace=False, who="test")
    finally:
        await db.close()
    os.chmod(console_database(folder), 0o600)


def test_this_installation_is_as_it_was_tested() -> None:
    assert codes(examine_installation()) == ["python", "packages"]


def test_wrong_packages_and_an_old_python_are_found(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["pytest==0.1; python_version > \'3\'", "no-such-package==2.0", "pip"]\n'
    )
    found = examine_installation(python=(3, 10), project_file=project)
    assert codes(found, Verdict.PROBLEM) == ["python_too_old", "package_differs", "package_missing"]
    assert one(found, "package_missing").params == {"name": "no-such-package", "version": "2.0"}


def test_what_is_not_known_of_packages_is_no_problem(tmp_path: Path) -> None:
    assert wanted_packages(tmp_path / "none") == ()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert codes(examine_installation(project_file=tmp_path / "pyproject.toml"))[1] == "packages_unknown"


async def test_a_folder_as_a_console_leaves_it_is_well(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await make_folder(folder)
    (folder / "logs").mkdir()
    before = sorted(os.listdir(folder))
    assert before == ["console.db", "logs"]
    found = examine_data_folder(folder, clock=CLOCK)
    assert codes(found, Verdict.PROBLEM) == []
    assert one(found, "database").params["name"] == "console.db"
    assert codes(found, Verdict.NOTE) == ["database_missing"]  # telemetry.db
    # SQLite itself leaves its own two files beside a database that it reads.
    assert [name for name in sorted(os.listdir(folder)) if not name.endswith(("-shm", "-wal"))] == before


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    assert codes(examine_data_folder(tmp_path / "none", clock=CLOCK)) == ["folder_missing"]
    (tmp_path / "file").write_text("")
    assert codes(examine_data_folder(tmp_path / "file", clock=CLOCK)) == ["folder_is_file"]


@POSIX
def test_what_others_may_read_is_told_with_the_command_that_mends_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "secret.key").write_text("x")
    (tmp_path / "secret.key").chmod(0o644)
    found = examine_data_folder(tmp_path, clock=CLOCK)
    modes = [finding.params["mode"] for finding in found if finding.code == "open_to_others"]
    assert modes == ["700", "600"]
    assert "chmod 600" in str(advice(one(found[1:], "open_to_others"), CATALOGUES[Language.EN]))


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "not_writable" in codes(examine_data_folder(tmp_path, clock=CLOCK), Verdict.PROBLEM)
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(**_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.NamedTemporaryFile", no_room)
    found = examine_data_folder(tmp_path, clock=CLOCK)
    assert "不能写入" in sentence(one(found, "no_room"), CATALOGUES[Language.ZH_CN])
    assert "not_writable" not in codes(found, Verdict.PROBLEM)


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("no key\n")
    found = examine_data_folder(tmp_path, clock=CLOCK)
    assert "key_unreadable" in codes(found, Verdict.PROBLEM)


async def test_damage_is_found(tmp_path: Path) -> None:
    await make_folder(tmp_path)
    database = console_database(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(database.read_bytes())
    content[2 * page : 6 * page] = b"\xff" * (4 * page)
    database.write_bytes(content)
    found = one(examine_data_folder(tmp_path, clock=CLOCK), "database_bad")
    assert found.verdict is Verdict.PROBLEM
    assert "damaged" in sentence(found, CATALOGUES[Language.EN])
    assert database.read_bytes() == content


async def test_a_look_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "INTEGRITY_WITHIN_S", -1.0)
    monkeypatch.setattr("wxauto_mgt.storage.database._STEPS_BETWEEN_QUESTIONS", 1)
    await make_folder(tmp_path)
    assert "database_not_finished" in codes(examine_data_folder(tmp_path, clock=CLOCK), Verdict.NOTE)


def test_little_room_and_another_clock_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "LEAST_FREE_BYTES", 2**62)
    monkeypatch.setattr(data_folder, "MOST_SKEW_S", -1.0)
    found = examine_data_folder(tmp_path, clock=CLOCK)
    assert {"disk_low", "clock_skewed"} <= set(codes(found, Verdict.PROBLEM))


def test_who_uses_the_folder_is_told(tmp_path: Path) -> None:
    assert "lock_free" in codes(examine_data_folder(tmp_path, clock=CLOCK))
    lock = DataFolderLock()
    lock.acquire(tmp_path)
    try:
        found = examine_data_folder(tmp_path, clock=CLOCK)
    finally:
        lock.release()
    assert one(found, "lock_held").params["pid"] == os.getpid()


async def a_snapshot(folder: Path, document: Mapping[str, object]) -> Snapshot:
    await make_folder(folder, document)
    return await read_configuration(folder, {}, clock=CLOCK)


async def test_the_network_is_tried_as_configured(tmp_path: Path) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    closed_port = closed.getsockname()[1]
    closed.close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        snapshot = await a_snapshot(
            tmp_path,
            {
                "instances": [
                    {"id": "pc1", "base_url": f"http://127.0.0.1:{closed_port}", "api_key": SECRET},
                    {"id": "off", "base_url": "http://127.0.0.1:9", "api_key": SECRET, "enabled": False},
                ],
                "platforms": [
                    platform("near", f"http://127.0.0.1:{port}/v1"),
                    platform("gone", f"http://127.0.0.1:{closed_port}/v1"),
                    {
                        "id": "kw",
                        "type": "keyword",
                        "config": {"rules": [{"keywords": ["a"], "replies": ["b"]}]},
                    },
                ],
            },
        )
        found = await examine_network(snapshot, clock=CLOCK)
    assert codes(found) == ["instance_unreachable", "platform", "platform_unreachable"]
    for finding in found:
        for language in Language:
            told = sentence(finding, CATALOGUES[language]) + str(advice(finding, CATALOGUES[language]))
            assert SECRET not in told
            assert "{" not in told


def platform(platform_id: str, base_url: str) -> Fields:
    return {
        "id": platform_id,
        "type": "openai",
        "config": {"base_url": base_url, "api_key": SECRET, "model": "m"},
    }


async def test_nothing_to_reach_is_a_note(tmp_path: Path) -> None:
    snapshot = await a_snapshot(tmp_path, {"rules": []})
    assert codes(await examine_network(snapshot, clock=CLOCK), Verdict.NOTE) == ["no_instances"]


async def test_the_port_of_the_api_is_tried_while_nobody_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = await a_snapshot(tmp_path, {"settings": {"http": {"port": port}}})
        assert examine_port(taken).code == "port_taken"
    assert examine_port(taken).code == "port_free"
    anywhere = await a_snapshot(tmp_path, {"settings": {"http": {"port": 0}}})
    assert examine_port(anywhere).code == "port_any"
    off = await a_snapshot(tmp_path, {"settings": {"http": {"enabled": False}}})
    assert examine_port(off).code == "api_off"


async def test_a_console_that_listens_elsewhere_is_noted(tmp_path: Path) -> None:
    wanted = await a_snapshot(tmp_path, {"settings": {"http": {"port": 5080}}})
    assert codes(examine_address("http://127.0.0.1:5080", wanted)) == []
    assert codes(examine_address("http://127.0.0.1:5081", wanted)) == ["api_elsewhere"]
    anywhere = await a_snapshot(tmp_path, {"settings": {"http": {"port": 0}}})
    assert codes(examine_address("http://127.0.0.1:5081", anywhere)) == []


async def test_programs_of_services_are_looked_for(tmp_path: Path) -> None:
    def service(name: str, **process: JSON) -> Fields:
        check: JSON = {"type": "tcp", "host": "127.0.0.1", "port": 1}
        return {"name": name, "check": check, "process": process}

    snapshot = await a_snapshot(
        tmp_path,
        {
            "services": [
                service("good", command=[sys.executable]),
                service("none", command=["no-such-program-anywhere"]),
                service("nowhere", command=[sys.executable], cwd=str(tmp_path / "none")),
            ]
        },
    )
    assert codes(examine_programs(snapshot)) == ["program", "program_missing", "program_folder_missing"]


@pytest.fixture
def system_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Stand-ins for the programs that steer services; each is a few lines of shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}")

    def put(name: str, lines: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / name).chmod(0o755)

    return put


SYSTEM_SERVICE = {
    "name": "tts",
    "check": {"type": "tcp", "host": "127.0.0.1", "port": 1},
    "repairs": [{"action": "restart_system_service", "name": "tts-server"}],
}


@POSIX
async def test_the_right_to_restart_a_system_service_is_looked_for(
    tmp_path: Path, system_programs: Callable[[str, str], None]
) -> None:
    snapshot = await a_snapshot(tmp_path / "data", {"services": [SYSTEM_SERVICE]})

    def found(*, has_rights: bool = False) -> str:
        (finding,) = examine_system_services(snapshot, system=System.LINUX, has_rights=has_rights)
        return finding.code

    assert found() == "system_program_missing"
    system_programs("systemctl", "echo System has not been booted with systemd; exit 1")
    assert found() == "system_silent"
    system_programs("systemctl", "echo not-found")
    assert found(has_rights=True) == "system_service_unknown"
    system_programs("systemctl", '[ "$*" = "show --property=LoadState --value tts-server" ] && echo loaded')
    assert found(has_rights=True) == "system_service"
    assert found() == "system_rights_unknown"
    system_programs("pkcheck", "exit 2")
    assert found() == "system_rights_missing"
    system_programs("pkcheck", "exit 0")
    assert found() == "system_service"


@POSIX
async def test_a_system_program_that_hangs_is_given_up(
    tmp_path: Path, system_programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_services, "ANSWER_WITHIN_S", 0.05)
    snapshot = await a_snapshot(tmp_path / "data", {"services": [SYSTEM_SERVICE]})
    system_programs("systemctl", "exec /bin/sleep 20")
    (finding,) = examine_system_services(snapshot, system=System.LINUX, has_rights=True)
    assert finding.code == "system_silent"


@POSIX
@pytest.mark.parametrize(
    ("system", "program"), [(System.WINDOWS, "sc.exe"), (System.MACOS, "launchctl")], ids=str
)
async def test_other_systems_are_asked_by_their_own_program(
    system: System, program: str, tmp_path: Path, system_programs: Callable[[str, str], None]
) -> None:
    snapshot = await a_snapshot(tmp_path / "data", {"services": [SYSTEM_SERVICE]})

    def found(*, has_rights: bool = True) -> str:
        (finding,) = examine_system_services(snapshot, system=system, has_rights=has_rights)
        return finding.code

    assert found() == "system_program_missing"
    system_programs(program, "exit 0")
    assert found() == "system_service"
    assert found(has_rights=False) == "system_rights_missing"


def step(title: str, obstacle: str | None) -> Fields:
    return {"title": title, "would_act": obstacle is None, "obstacle": obstacle}


async def test_repairs_are_tried_dry_by_the_console_itself() -> None:
    api = SetReplies(
        get_recovery_status={
            "services": {"a": {"has_repairs": True}, "b": {"has_repairs": True}, "c": {"has_repairs": False}}
        }
    )
    api.set(
        "trigger_recovery",
        {"steps": [step("restart", None), step("reconnect", "not now")]},
        {"steps": [step("restart", "no right to")]},
    )
    found = await examine_repairs(api)
    assert codes(found) == ["repair_blocked", "repairs", "repair_blocked", "repairs_all_blocked"]
    assert [arguments["dry_run"] for method, arguments in api.calls if method == "trigger_recovery"] == [
        True,
        True,
    ]
    api.refuse("get_recovery_status", "no")
    assert codes(await examine_repairs(api)) == ["repairs_unknown"]


async def test_a_live_trial_tells_each_call_that_fails() -> None:
    api = SetReplies(
        get_latest_metric={"name": "doctor_probe", "value": 1.0},
        get_channels_status=[{"id": "ding", "enabled": True}, {"id": "off", "enabled": False}],
    )
    for method in dir(api):
        if method.startswith(("get_", "search_", "analyze_", "record_")) and method not in api.replies:
            api.set(method, [])
    api.refuse("test_notification", "refused by DingTalk")
    api.refuse("search_logs", "the index is closed")
    found = await examine_live(api, clock=CLOCK)
    assert codes(found, Verdict.PROBLEM) == ["live_failed", "channel_failed"]
    assert one(found, "live_failed").params["name"] == "search_logs"
    api.set("get_latest_metric", None)
    api.set("get_channels_status", [])
    assert {"metric_lost", "no_channels"} <= set(codes(await examine_live(api, clock=CLOCK)))


async def examine(folder: Path, *, live: bool = False) -> tuple[ExitStatus, list[Fields]]:
    out = io.StringIO()
    terminal = Terminal(out=out, err=io.StringIO(), catalogue=CATALOGUES[Language.EN], as_json=True)
    examination = Examination(data_dir=folder, environment=FREE_PORT, clock=CLOCK, terminal=terminal)
    async with asyncio.timeout(30):
        status = await examination.run(Doctor(live=live))
    found: list[Fields] = json.loads(out.getvalue())
    return status, found


async def test_without_a_console_everything_else_is_examined(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await make_folder(folder)
    status, found = await examine(folder)
    assert status is ExitStatus.OK, found
    assert {finding["area"] for finding in found} == {"installation", "data_folder", "console", "network"}
    assert [finding["code"] for finding in found if finding["area"] == "console"] == [
        "console_absent",
        "port_any",
    ]
    assert all((finding["advice"] is None) == (finding["verdict"] == "ok") for finding in found)


async def test_an_empty_folder_is_no_problem(tmp_path: Path) -> None:
    status, found = await examine(tmp_path / "none")
    assert status is ExitStatus.OK
    assert not (tmp_path / "none").exists()
    assert "folder_missing" in [finding["code"] for finding in found]


async def test_a_live_trial_needs_a_console(tmp_path: Path) -> None:
    status, found = await examine(tmp_path / "none", live=True)
    assert status is ExitStatus.FAILED
    assert found[-1]["code"] == "live_needs_console"


@pytest.mark.expects_log("out of force")
async def test_a_lost_key_is_told_by_what_it_disables(tmp_path: Path) -> None:
    instance = {"id": "pc1", "base_url": "http://127.0.0.1:9", "api_key": SECRET}
    await make_folder(tmp_path / "data", {"instances": [instance]})
    (tmp_path / "data" / "secret.key").unlink()
    status, found = await examine(tmp_path / "data")
    assert status is ExitStatus.FAILED
    (broken,) = [finding for finding in found if finding["code"] == "object_unreadable"]
    assert "instance pc1" in str(broken["message"])


async def test_people_read_what_to_do_below_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    out = io.StringIO()
    terminal = Terminal(out=out, err=io.StringIO(), catalogue=CATALOGUES[Language.EN])
    examination = Examination(data_dir=tmp_path / "data", environment={}, clock=CLOCK, terminal=terminal)
    assert await examination.run(Doctor(live=False)) is ExitStatus.FAILED
    lines = out.getvalue().splitlines()
    assert f"  ✗ {tmp_path / 'data'} is no folder" in lines
    assert lines[lines.index(f"  ✗ {tmp_path / 'data'} is no folder") + 1].startswith("      → ")
    assert lines[-1] == "Problems found: 1"


async def test_the_configuration_of_an_older_version_is_left_alone(tmp_path: Path) -> None:
    await make_folder(tmp_path)
    with closing(sqlite3.connect(console_database(tmp_path))) as connection:
        connection.execute("PRAGMA user_version=1")
        connection.commit()
    with pytest.raises(PermanentError) as caught:
        await read_configuration(tmp_path, {}, clock=CLOCK)
    assert caught.value.code == "database_older"
    found = examine_data_folder(tmp_path, clock=CLOCK)
    assert "database_older" in codes(found, Verdict.NOTE)


def test_each_finding_has_words_and_each_that_is_not_well_has_advice() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(doctor.__file__).parent.glob("*.py")]
    named = [found for text in sources for found in re.findall(r'\b(ok|note|problem)\(\s*"(\w+)"', text)]
    assert len(named) > 40
    for language in Language:
        catalogue = CATALOGUES[language]
        assert all(catalogue.has(f"doctor.{code}") for _, code in named)
        assert all(catalogue.has(f"doctor_advice.{code}") for kind, code in named if kind != "ok")
        assert all(catalogue.has(f"doctor_area.{area}") for area in Area)
