"""Columns of the log records, as they come and as they were found, and of the audit log.

Called by the panels of the logs page.
"""

from __future__ import annotations

from wxauto_mgt.core.logs.record import LogEntry
from wxauto_mgt.ui.pages.logs.audit_view_model import AuditRow
from wxauto_mgt.ui.pages.logs.search_view_model import SHOWN as FOUND_SHOWN
from wxauto_mgt.ui.pages.logs.statistics_view_model import LEVEL_TONES
from wxauto_mgt.ui.pages.logs.view_model import SHOWN
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class LogModel(RowModel[LogEntry]):
    """Records, newest at the bottom; the oldest leave past the cap."""

    def __init__(self, words: Words) -> None:
        time = Column[LogEntry](
            words("logs.column_time"),
            lambda e: Cell(words.time(e.timestamp), tip=words.moment(e.timestamp)),
            92,
        )
        super().__init__((time, *_columns(words)), lambda e: e.sequence, cap=SHOWN)


class FoundModel(RowModel[LogEntry]):
    """Records that were found, newest first."""

    def __init__(self, words: Words) -> None:
        time = Column[LogEntry](words("logs.column_time"), lambda e: Cell(words.moment(e.timestamp)), 196)
        super().__init__((time, *_columns(words)), lambda e: e.sequence, cap=FOUND_SHOWN)


class AuditModel(RowModel[AuditRow]):
    """Acts, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[AuditRow](words("audit.column_time"), lambda r: Cell(words.moment(r.at)), 196),
            Column[AuditRow](words("audit.column_who"), lambda r: Cell(r.who), 160),
            Column[AuditRow](
                words("audit.column_what"), lambda r: Cell(r.sentence, tip=f"{r.sentence}\n{r.facts}")
            ),
        )
        super().__init__(columns, lambda r: r.number, cap=5000)


def detail_of(entry: LogEntry) -> str:
    """The whole record as readable lines, for the tip and the clipboard."""
    lines = [f"{entry.timestamp.isoformat()} {entry.level} {entry.category} {entry.message}"]
    lines += [f"{name}: {value}" for name, value in entry.facts.items()]
    lines.append(f"{entry.module}:{entry.line_number} {entry.function}")
    if entry.exception:
        lines.append(entry.exception)
    return "\n".join(lines)


def _columns(words: Words) -> tuple[Column[LogEntry], ...]:
    return (
        Column[LogEntry](
            words("logs.column_level"),
            lambda e: Cell(words(f"logs.level_{e.level}"), LEVEL_TONES[e.level]),
            92,
        ),
        Column[LogEntry](
            words("logs.column_category"), lambda e: Cell(words(f"logs.category_{e.category}")), 104
        ),
        Column[LogEntry](words("logs.column_instance"), lambda e: Cell(e.instance_id or ""), 88),
        Column[LogEntry](words("logs.column_message"), lambda e: Cell(e.message, tip=detail_of(e))),
    )
