"""Exports say exactly what is stored, and no spreadsheet runs any of it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.config.sections import open_database
from wxauto_mgt.cli.commands import STANDARD_STREAM, MessagesExport
from wxauto_mgt.cli.messages_command import run_messages_export, write_csv, write_jsonl
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.messages.history.export import EXPORT_FIELDS, ExportRow
from wxauto_mgt.errors import PermanentError, StorageError
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CONTENT = "第一行\n=SUM(A1) 😀"


def _row(number: int = 1, content: str = "text", reply: str | None = None) -> ExportRow:
    return ExportRow(
        id=number,
        instance_id="pc1",
        chat="群聊",
        sender="张三",
        type="text",
        content=content,
        received_at="2026-01-01T00:00:00+00:00",
        state="done",
        platform="kw",
        reply=reply,
        reply_state=None if reply is None else "confirmed",
    )


def _terminal() -> Terminal:
    return Terminal(out=io.StringIO(), err=io.StringIO(), catalogue=Catalogue(Language.EN))


async def _store_message(db: Database, content: str) -> None:
    def job(tx: sqlite3.Connection) -> None:
        tx.execute("INSERT INTO chat (id, instance_id, name) VALUES (1, 'pc1', '群聊')")
        tx.execute(
            "INSERT INTO message (chat_id, instance_id, run_id, channel, origin, sender, kind, content,"
            " upstream_id, raw, received_at_us, verdict, state)"
            " VALUES (1, 'pc1', 'run', 'main', 'other', '张三', 'text', ?, '1', '{}', 1, 'new', 'queued')",
            (content,),
        )

    await db.run(job)


def test_the_columns_are_those_that_programs_rely_on() -> None:
    assert EXPORT_FIELDS == (
        "id",
        "instance_id",
        "chat",
        "sender",
        "type",
        "content",
        "received_at",
        "state",
        "platform",
        "reply",
        "reply_state",
    )


@given(content=TEXT, reply=st.none() | TEXT)
def test_json_lines_read_back_the_same(content: str, reply: str | None) -> None:
    stream = io.StringIO(newline="")
    rows = [_row(1, content, reply), _row(2)]
    assert write_jsonl(rows, stream) == 2
    assert [json.loads(line) for line in stream.getvalue().split("\n")[:-1]] == rows


@given(content=TEXT)
def test_a_table_reads_back_the_same_but_for_the_apostrophe(content: str) -> None:
    stream = io.StringIO(newline="")
    assert write_csv([_row(1, content), _row(2)], stream) == 2
    text = stream.getvalue()
    assert text.startswith("\ufeffid,")
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert found[0]["content"] in (content, f"'{content}")
    assert found[1]["content"] == "text"
    assert found[1]["reply"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t=", "\r", "\n=", "＝", "＋", "－", "＠"])
def test_a_cell_that_would_run_is_defused(start: str) -> None:
    stream = io.StringIO(newline="")
    content = f"{start}cmd|' /C calc'!A0"
    write_csv([_row(1, content)], stream)
    (found,) = csv.DictReader(io.StringIO(stream.getvalue().removeprefix("\ufeff"), newline=""))
    assert found["content"] == f"'{content}"


@pytest.mark.parametrize("harmless", ["1+1", "a=b", "你好", "'=x", "#x"])
def test_a_harmless_cell_stays_as_it_is(harmless: str) -> None:
    stream = io.StringIO(newline="")
    write_csv([_row(1, harmless)], stream)
    (found,) = csv.DictReader(io.StringIO(stream.getvalue().removeprefix("\ufeff"), newline=""))
    assert found["content"] == harmless


async def test_an_export_runs_beside_a_console_and_replaces_the_file_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    async with open_database(tmp_path) as db:
        await _store_message(db, CONTENT)
        terminal = _terminal()
        command = MessagesExport(out, "jsonl")
        assert run_messages_export(command, tmp_path, terminal) == ExitStatus.OK
    (line,) = out.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "id": 1,
        "instance_id": "pc1",
        "chat": "群聊",
        "sender": "张三",
        "type": "text",
        "content": CONTENT,
        "received_at": "1970-01-01T00:00:00.000001+00:00",
        "state": "queued",
        "platform": None,
        "reply": None,
        "reply_state": None,
    }


async def test_to_standard_output_goes_the_export_alone(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await _store_message(db, CONTENT)
    terminal = _terminal()
    assert run_messages_export(MessagesExport(STANDARD_STREAM, "csv"), tmp_path, terminal) == ExitStatus.OK
    assert isinstance(terminal.out, io.StringIO)
    assert terminal.out.getvalue().count("群聊") == 1
    assert terminal.out.getvalue().startswith("\ufeffid,instance_id,")


async def test_without_data_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        run_messages_export(MessagesExport(STANDARD_STREAM, "csv"), tmp_path / "none", _terminal())
    assert ExitStatus.of(caught.value) == ExitStatus.DATA_FOLDER
    assert not (tmp_path / "none").exists()


async def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_database(tmp_path):
        pass
    with pytest.raises(PermanentError) as caught:
        run_messages_export(MessagesExport(tmp_path / "none" / "out.csv", "csv"), tmp_path, _terminal())
    assert ExitStatus.of(caught.value) == ExitStatus.FAILED
