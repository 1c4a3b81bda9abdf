"""The audit log: who did what, when. Called by the logs page."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.logs.audit_view_model import AuditViewModel
from wxauto_mgt.ui.pages.logs.table_model import AuditModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, fill, label
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.table_view import RowTable


class AuditPanel(QWidget):
    """Acts, newest first."""

    def __init__(self, desk: Desk, view_model: AuditViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.model = AuditModel(words)
        self.table = RowTable(theme, self.model, words("logs.tab_audit"))
        self.trouble = Notice(theme)
        self.facts = label("", "muted", wrap=True)
        self._stack = QStackedWidget()
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(
            EmptyState(
                theme, icon="history", title=words("audit.empty_title"), text=words("audit.empty_text")
            )
        )
        body = QVBoxLayout(self)
        about = label(words("audit.about"), "muted")
        fill(body, (about, self.trouble, self._stack, self.facts), Space.M, 0)
        body.setStretch(2, 1)
        connect_for(self, view_model, view_model.changed, self._show)
        for command in (view_model.newest, view_model.older):
            connect_for(self, command, command.failed, self.trouble.say)
        self.table.end_reached.connect(view_model.load_more)
        self.table.picked.connect(self._show_facts)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _show(self) -> None:
        rows = self._view_model.rows
        self.trouble.say("")
        self.model.show_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        self._show_facts(self.table.current_row)

    def _show_facts(self, number: int) -> None:
        shown = self.model.row_at(number)
        self.facts.setText(shown.facts.replace("\n", "  ·  ") if shown is not None else "")
        self.facts.setVisible(shown is not None)
