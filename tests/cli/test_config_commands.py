"""`config check|import|export` on a data folder: what is printed, stored and returned."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.core.config.sections import (
    SAMPLE,
    open_database,
    secret_box,
    toy_groups,
    toy_sections,
    toy_service,
)
from wxauto_mgt.cli.commands import STANDARD_STREAM, ConfigCheck, ConfigExport, ConfigImport
from wxauto_mgt.cli.config_commands import ConfigCommands
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.errors import ConfigError, PermanentError, SecretUnreadable, StorageError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

ENVIRONMENT: Final[Mapping[str, str]] = {"A_VARIABLE": "from-environment"}


class Commands:
    """The commands on one folder, and what they print."""

    def __init__(self, folder: Path, *, as_json: bool = False) -> None:
        self.folder = folder
        self.out, self.err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(
            out=self.out, err=self.err, catalogue=Catalogue(Language.EN), as_json=as_json
        )
        self.run = ConfigCommands(
            data_dir=folder,
            sections=toy_sections(),
            settings_groups=toy_groups(),
            secret_box=secret_box,
            environment=ENVIRONMENT,
            terminal=self.terminal,
        )


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "sample.yaml"
    file.write_text(SAMPLE, encoding="utf-8")
    return file


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "new" / "data")


async def test_import_makes_the_data_folder_and_stores(commands: Commands, sample: Path) -> None:
    assert await commands.run.import_(ConfigImport(sample, replace=False)) == ExitStatus.OK
    assert "added 6" in commands.out.getvalue()
    assert commands.err.getvalue() == ""
    if sys.platform != "win32":
        assert stat.S_IMODE(commands.folder.stat().st_mode) == 0o700
    async with open_database(commands.folder) as db:
        service, _ = toy_service(db)
        await service.load()
        assert list(service.snapshot.objects("platform")) == ["kw", "ai"]
        assert (await service.history())[0].who == "cli"


async def test_a_second_import_of_the_same_changes_nothing(commands: Commands, sample: Path) -> None:
    for _ in range(2):
        await commands.run.import_(ConfigImport(sample, replace=False))
    assert "nothing changed" in commands.out.getvalue().splitlines()[1]


async def test_check_tells_the_same_and_leaves_no_trace(commands: Commands, sample: Path) -> None:
    assert await commands.run.check(ConfigCheck(sample, replace=False)) == ExitStatus.OK
    assert "would add 6" in commands.out.getvalue()
    assert not commands.folder.exists()


async def test_check_looks_at_what_is_stored(commands: Commands, sample: Path, tmp_path: Path) -> None:
    await commands.run.import_(ConfigImport(sample, replace=False))
    more = tmp_path / "more.yaml"
    more.write_text("rules: [{id: r2, platforms: [kw]}]\n")
    assert await commands.run.check(ConfigCheck(more, replace=True)) == ExitStatus.OK
    assert "add 1, update 0, remove 1" in commands.out.getvalue()
    more.write_text("platforms: []\n")
    with pytest.raises(ConfigError):
        await commands.run.check(ConfigCheck(more, replace=True))


async def test_export_reads_back(commands: Commands, sample: Path, tmp_path: Path) -> None:
    await commands.run.import_(ConfigImport(sample, replace=False))
    for name, with_secrets in (("out.yaml", True), ("out.json", True), ("plain.yaml", False)):
        file = tmp_path / name
        await commands.run.export(ConfigExport(file, None, with_secrets))
        text = file.read_text(encoding="utf-8")
        assert ("sk-planted-secret" in text) is with_secrets
        assert text.startswith("{") is (file.suffix == ".json")
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        copy = Commands(tmp_path / f"copy of {name}")
        if with_secrets:
            await copy.run.import_(ConfigImport(file, replace=False))
            assert "added 6" in copy.out.getvalue()
    assert not [name for name in os.listdir(tmp_path) if "part" in name]


async def test_export_to_standard_output_is_the_document_alone(commands: Commands, sample: Path) -> None:
    await commands.run.import_(ConfigImport(sample, replace=False))
    commands.out.truncate(0)
    commands.out.seek(0)
    await commands.run.export(ConfigExport(STANDARD_STREAM, "json", with_secrets=False))
    document = json.loads(commands.out.getvalue())
    assert document["listeners"] == [{"instance": "pc1", "who": "张三"}]
    assert "api_key" not in document["instances"][0]


async def test_export_without_data_makes_none(commands: Commands) -> None:
    with pytest.raises(StorageError) as caught:
        await commands.run.export(ConfigExport(STANDARD_STREAM, None, with_secrets=False))
    assert commands.terminal.fail(caught.value) == ExitStatus.DATA_FOLDER
    assert not commands.folder.exists()


@pytest.mark.expects_log("out of force")
async def test_an_export_with_secrets_that_cannot_be_opened_fails(commands: Commands, sample: Path) -> None:
    await commands.run.import_(ConfigImport(sample, replace=False))
    (commands.folder / "secret.key").unlink()
    with pytest.raises(SecretUnreadable) as caught:
        await commands.run.export(ConfigExport(STANDARD_STREAM, None, with_secrets=True))
    assert commands.terminal.fail(caught.value) == ExitStatus.FAILED


async def test_each_problem_is_one_line_on_standard_error(commands: Commands, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rules:\n  - {id: r1, platforms: [gone], priority: x}\n  - {id: no, platforms: []}\n")
    with pytest.raises(ConfigError) as caught:
        await commands.run.import_(ConfigImport(file, replace=False))
    assert commands.terminal.fail(caught.value) == ExitStatus.USAGE
    (line,) = commands.err.getvalue().splitlines()
    assert line.startswith("line 3, rules[1] id: ")
    assert commands.out.getvalue() == ""


async def test_with_json_a_refusal_is_told_to_programs_too(tmp_path: Path) -> None:
    commands = Commands(tmp_path / "data", as_json=True)
    file = tmp_path / "bad.yaml"
    file.write_text("rules:\n  - {id: r1, platforms: [kw], priority: x}\n")
    with pytest.raises(ConfigError) as caught:
        await commands.run.import_(ConfigImport(file, replace=False))
    commands.terminal.fail(caught.value)
    told = json.loads(commands.out.getvalue())
    assert told["success"] is False
    (problem,) = told["problems"]
    assert (problem["line"], problem["place"], problem["field"]) == (2, "rules[0] r1", "priority")
    assert "whole number" in problem["message"]


async def test_with_json_an_import_tells_its_result_to_programs(tmp_path: Path, sample: Path) -> None:
    commands = Commands(tmp_path / "data", as_json=True)
    await commands.run.import_(ConfigImport(sample, replace=False))
    told = json.loads(commands.out.getvalue())
    assert told["revision"] == 1
    assert told["added"][0] == "instance pc1"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"rules: []\nname: \xe4\n"])
async def test_a_file_that_is_not_utf8_is_refused(commands: Commands, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        await commands.run.check(ConfigCheck(file, replace=False))
    assert caught.value.problems[0].reason == "document_not_utf8"
    assert caught.value.problems[0].line == content.count(b"\n", 0, 11) + 1


async def test_a_byte_order_mark_is_no_content(commands: Commands, tmp_path: Path) -> None:
    for name in ("bom.yaml", "bom.json"):
        file = tmp_path / name
        file.write_text('{"rules": []}', encoding="utf-8-sig")
        assert await commands.run.check(ConfigCheck(file, replace=False)) == ExitStatus.OK


async def test_a_missing_file_is_refused_by_name(commands: Commands, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        await commands.run.import_(ConfigImport(tmp_path / "missing.yaml", replace=False))
    assert caught.value.problems[0].reason == "file_unreadable"
    assert not commands.folder.exists()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, sample: Path) -> None:
    (tmp_path / "file").write_text("")
    commands = Commands(tmp_path / "file" / "data")
    with pytest.raises(PermanentError) as caught:
        await commands.run.import_(ConfigImport(sample, replace=False))
    assert commands.terminal.fail(caught.value) == ExitStatus.DATA_FOLDER
    assert len(commands.err.getvalue().splitlines()) == 1


async def test_an_export_file_that_cannot_be_written_is_told(
    commands: Commands, sample: Path, tmp_path: Path
) -> None:
    await commands.run.import_(ConfigImport(sample, replace=False))
    with pytest.raises(PermanentError) as caught:
        await commands.run.export(ConfigExport(tmp_path / "missing" / "out.yaml", None, with_secrets=False))
    assert commands.terminal.fail(caught.value) == ExitStatus.FAILED


async def test_a_damaged_database_is_left_alone(commands: Commands, sample: Path) -> None:
    commands.folder.mkdir(parents=True)
    database = commands.folder / "console.db"
    database.write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError) as caught:
        await commands.run.import_(ConfigImport(sample, replace=False))
    assert commands.terminal.fail(caught.value) == ExitStatus.DATA_FOLDER
    assert database.read_bytes() == b"this is no database" * 100
