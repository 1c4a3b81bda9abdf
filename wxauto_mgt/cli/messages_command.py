"""`messages export`: all messages as JSON lines or CSV, read beside a running console.

Opens the database read-only on the calling thread, and streams: a million rows need no memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, TextIO

from wxauto_mgt.app.data_folder import console_database
from wxauto_mgt.cli.commands import STANDARD_STREAM, MessagesExport
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.messages.history.export import EXPORT_FIELDS, ExportRow, export_messages
from wxauto_mgt.runtime.private_file import replacing
from wxauto_mgt.storage.database import open_readonly

BYTE_ORDER_MARK: Final = "\ufeff"
# Spreadsheets run such cells as formulas; East Asian ones also take the full-width signs.
_FORMULA_SIGNS: Final = tuple("=+-@＝＋－＠")
_FORMULA_BLANKS: Final = ("\t", "\r", "\n")


def run_messages_export(command: MessagesExport, data_dir: Path, terminal: Terminal) -> ExitStatus:
    """Write the messages of a data folder to a file or to standard output."""
    write = write_csv if command.format == "csv" else write_jsonl
    with closing(open_readonly(console_database(data_dir))) as connection:
        rows = export_messages(connection)
        if command.file == STANDARD_STREAM:
            write(rows, terminal.out)
            return ExitStatus.OK
        with replacing(command.file) as stream:
            count = write(rows, stream)
    terminal.say("cli.messages_exported", count=count, path=str(command.file))
    return ExitStatus.OK


def write_jsonl(rows: Iterable[ExportRow], stream: TextIO) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[ExportRow], stream: TextIO) -> int:
    """Write a table that spreadsheets read as UTF-8 and run nothing of; return how many rows."""
    stream.write(BYTE_ORDER_MARK)
    writer = csv.DictWriter(stream, EXPORT_FIELDS, lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow({name: _defused(value) for name, value in row.items()})
        count += 1
    return count


def _defused(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    if not isinstance(cell, str) or not cell:
        return cell
    is_formula = cell.startswith(_FORMULA_BLANKS) or cell.lstrip().startswith(_FORMULA_SIGNS)
    return f"'{cell}" if is_formula else cell
