"""The newest checks of one service. Called by the services page."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.services.detail_view_model import ServiceDetailViewModel
from wxauto_mgt.ui.pages.services.table_model import CheckModel
from wxauto_mgt.ui.widgets.layout import fill, label
from wxauto_mgt.ui.widgets.table_view import RowTable


class ChecksPanel(QWidget):
    """Checks, newest first."""

    def __init__(self, desk: Desk, view_model: ServiceDetailViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        words = desk.words
        self.model = CheckModel(words)
        self.table = RowTable(desk.theme, self.model, words("services.tab_checks"))
        self._stack = QStackedWidget()
        nothing = QWidget()
        fill(QVBoxLayout(nothing), (label(words("services.no_checks"), "muted"), None), 0, 0)
        self._stack.addWidget(self.table)
        self._stack.addWidget(nothing)
        fill(QVBoxLayout(self), (self._stack,), 0, 0)
        connect_for(self, view_model, view_model.checks_read, self._show)
        self._show()

    def _show(self) -> None:
        rows = self._view_model.checks
        self.model.show_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
