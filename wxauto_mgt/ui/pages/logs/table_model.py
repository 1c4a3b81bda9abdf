"""Columns of the log records. Called by the logs page."""

from __future__ import annotations

from wxauto_mgt.core.logs.record import Level, LogEntry
from wxauto_mgt.ui.pages.logs.view_model import SHOWN
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words

TONES = {
    Level.DEBUG: Tone.NEUTRAL,
    Level.INFO: Tone.INFO,
    Level.WARNING: Tone.WARNING,
    Level.ERROR: Tone.CRITICAL,
    Level.CRITICAL: Tone.CRITICAL,
}


class LogModel(RowModel[LogEntry]):
    """Records, newest at the bottom; the oldest leave past the cap."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[LogEntry](words("logs.column_time"), lambda e: _time(words, e), 92),
            Column[LogEntry](
                words("logs.column_level"),
                lambda e: Cell(words(f"logs.level_{e.level}"), TONES[e.level]),
                100,
            ),
            Column[LogEntry](
                words("logs.column_category"), lambda e: Cell(words(f"logs.category_{e.category}")), 116
            ),
            Column[LogEntry](words("logs.column_instance"), lambda e: Cell(e.instance_id or ""), 96),
            Column[LogEntry](words("logs.column_message"), lambda e: Cell(e.message, tip=detail_of(e))),
        )
        super().__init__(columns, lambda e: e.sequence, cap=SHOWN)


def detail_of(entry: LogEntry) -> str:
    """The whole record as readable lines, for the tip and the clipboard."""
    lines = [f"{entry.timestamp.isoformat()} {entry.level} {entry.category} {entry.message}"]
    lines += [f"{name}: {value}" for name, value in entry.facts.items()]
    lines.append(f"{entry.module}:{entry.line_number} {entry.function}")
    if entry.exception:
        lines.append(entry.exception)
    return "\n".join(lines)


def _time(words: Words, entry: LogEntry) -> Cell:
    return Cell(words.time(entry.timestamp), tip=words.moment(entry.timestamp))
