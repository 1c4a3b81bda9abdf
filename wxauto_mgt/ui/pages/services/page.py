"""The services: what the console watches and keeps alive, and what it does about it.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.pages.services.checks_panel import ChecksPanel
from wxauto_mgt.ui.pages.services.detail_view_model import ServiceDetailViewModel
from wxauto_mgt.ui.pages.services.form import ServiceForms
from wxauto_mgt.ui.pages.services.process_panel import ProcessPanel
from wxauto_mgt.ui.pages.services.process_view_model import ProcessViewModel
from wxauto_mgt.ui.pages.services.repair_panel import RepairPanel
from wxauto_mgt.ui.pages.services.repair_view_model import RepairViewModel
from wxauto_mgt.ui.pages.services.status_panel import StatusPanel
from wxauto_mgt.ui.pages.services.table_model import HOURS_COLUMN, SPARED_COLUMNS, ServiceModel
from wxauto_mgt.ui.pages.services.view_model import ServiceRow, ServicesViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.layout import Card, ElidedLabel, button, fill, page_header, row
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.status_chip import StatusChip
from wxauto_mgt.ui.widgets.table_view import RowTable
from wxauto_mgt.ui.widgets.uptime_bars import UptimeDelegate

WORDS = EditorWords(
    add_title="services.add_title",
    edit_title="services.edit_title",
    intro="services.form_intro",
    delete_title="services.delete_title",
    delete_text="services.delete_text",
)
STATUS = "status"
CHECKS = "checks"
REPAIR = "repair"
PROCESS = "process"
_LIST_HEIGHT, _DETAIL_HEIGHT = 280, 360
_ROOMY_WIDTH = 960


@dataclass(frozen=True)
class ServiceViews:
    """The view-models of the page's parts."""

    services: ServicesViewModel
    detail: ServiceDetailViewModel
    repair: RepairViewModel
    process: ProcessViewModel
    forms: ServiceForms


class ServicesPage(Page):
    """The services."""

    def __init__(self, desk: Desk, views: ServiceViews) -> None:
        super().__init__()
        self._desk = desk
        self._views = views
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(
            self, desk, views.services.editing, kind=SERVICE, words=WORDS, prepare=views.forms.prepare
        )
        self.model = ServiceModel(words)
        self.table = RowTable(theme, self.model, words("page.services"))
        self.table.setItemDelegateForColumn(HOURS_COLUMN, UptimeDelegate(theme, self.table))
        self.overall = StatusChip(theme)
        self.heartbeat = StatusChip(theme)
        self.start_button = button(theme, words("services.start_heartbeat"), "play", kind="primary")
        self.stop_button = button(theme, words("services.stop_heartbeat"), "pause")
        self.add_button = button(theme, words("services.add"), "add", kind="primary")
        self.check_button = button(theme, words("services.check_now"), "test")
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        self.name = ElidedLabel("", "section")
        self.status = StatusPanel(desk, views.detail)
        self.checks = ChecksPanel(desk, views.detail)
        self.repair = RepairPanel(desk, views.repair)
        self.process = ProcessPanel(desk, views.process)
        self._panels: dict[str, QWidget] = {
            STATUS: self.status,
            CHECKS: self.checks,
            REPAIR: self.repair,
            PROCESS: self.process,
        }
        self.tabs = Segments([(name, words(f"services.tab_{name}")) for name in self._panels], STATUS)
        self._stack = QStackedWidget()
        self.menu = self._make_menu()
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "add":
            self._choose_type()
        elif word and (number := self.model.number_of(word)) is not None:
            self.table.selectRow(number)

    def showEvent(self, event: QShowEvent) -> None:
        for view_model in (self._views.services, self._views.detail):
            view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        for view_model in (self._views.services, self._views.detail):
            view_model.set_active(is_active=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        for column in SPARED_COLUMNS:
            self.table.setColumnHidden(column, self.width() < _ROOMY_WIDTH)

    @property
    def tab_names(self) -> tuple[str, ...]:
        """The tabs that the service in view has, in their order."""
        has_process = self._views.process.has_process
        return tuple(name for name in self._panels if name != PROCESS or has_process)

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.choose(name)
        self._stack.setCurrentWidget(self._panels[name])

    def add(self, type_name: str) -> None:
        """Open the form for a new service that is checked in one way."""
        forms = self._views.forms
        dialog = self.editor.add(forms.new_document(type_name), more=forms.more(type_name))
        dialog.form.set_read_only("check.type", self._desk.words("form.fixed_field"))

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, word in self._views.forms.types():
            menu.addAction(word).triggered.connect(lambda _=False, chosen=name: self.add(chosen))
        return menu

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(
            words("page.services"),
            words("services.subtitle"),
            self.start_button,
            self.stop_button,
            self.add_button,
        )
        for panel in self._panels.values():
            self._stack.addWidget(panel)
        state = row(self.overall, self.heartbeat, None)
        head = row(self.name, self.tabs, Space.M, self.check_button, self.edit_button, self.delete_button)
        head.setStretch(0, 1)
        detail = Card(head, self._stack, margin=Space.L, spacing=Space.M)
        detail.body.setStretch(1, 1)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(Card(self.table, margin=1))
        parts.addWidget(detail)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(Space.M)
        parts.setSizes([_LIST_HEIGHT, _DETAIL_HEIGHT])
        body = QVBoxLayout(self)
        fill(body, (header, state, parts), Space.M, Space.XL)
        body.setStretch(2, 1)

    def _wire(self) -> None:
        desk, services = self._desk, self._views.services
        services.changed.connect(self._show_rows)
        announce(self, desk, services.check, desk.words("services.checked"))
        announce(self, desk, services.start_heartbeat, desk.words("services.heartbeat_started"))
        announce(self, desk, services.stop_heartbeat, desk.words("services.heartbeat_stopped_done"))
        drive(self.start_button, services.start_heartbeat)
        drive(self.stop_button, services.stop_heartbeat)
        drive(
            self.check_button,
            services.check,
            arguments=lambda: (self._views.detail.selected,),
            is_usable=lambda: bool(self._views.detail.selected),
        )
        self._views.detail.changed.connect(self._show_name)
        self._views.process.changed.connect(self._show_tabs)
        self.tabs.chosen.connect(self.show_tab)
        self.add_button.clicked.connect(self._choose_type)
        self.edit_button.clicked.connect(lambda: self._edit_row(self.table.current_row))
        self.delete_button.clicked.connect(self._delete_current)
        self.table.opened.connect(self._edit_row)
        self.table.picked.connect(self._pick)

    def _choose_type(self) -> None:
        self.menu.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))

    def _show_rows(self) -> None:
        services = self._views.services
        self.model.show_rows(services.rows)
        self.overall.show_status(*services.overall)
        line = services.heartbeat
        self.heartbeat.show_status(line.tone, line.text)
        self.start_button.setVisible(line.may_change and not line.is_running)
        self.stop_button.setVisible(line.may_change and line.is_running)
        if self.table.current_row < 0 and services.rows:
            self.table.selectRow(0)
        self._show_tools()

    def _pick(self, number: int) -> None:
        shown = self.model.row_at(number)
        service_id = shown.id if shown is not None else ""
        for view_model in (self._views.detail, self._views.repair, self._views.process):
            view_model.select(service_id)
        self._show_name()
        self._show_tabs()
        self._show_tools()

    def _show_name(self) -> None:
        shown = self._current()
        self.name.setText(shown.name if shown is not None else "")

    def _show_tabs(self) -> None:
        has_process = self._views.process.has_process
        self.tabs.set_shown(PROCESS, is_shown=has_process)
        if not has_process and self.tabs.current == PROCESS:
            self.show_tab(STATUS)

    def _show_tools(self) -> None:
        shown = self._current()
        is_own = shown is not None and shown.is_configured
        self.check_button.setEnabled(shown is not None and not self._views.services.check.is_running)
        for made in (self.edit_button, self.delete_button):
            made.setVisible(is_own)

    def _current(self) -> ServiceRow | None:
        return self.model.row_at(self.table.current_row)

    def edit_first(self) -> None:
        """Open the form of the first service that has one."""
        numbers = (number for number, shown in enumerate(self.model.rows) if shown.is_configured)
        self._edit_row(next(numbers, -1))

    def _edit_row(self, number: int) -> None:
        shown = self.model.row_at(number)
        if shown is not None and shown.is_configured:
            self.editor.edit(shown.id, more=self._views.forms.more_of(shown.id))

    def _delete_current(self) -> None:
        shown = self._current()
        if shown is not None and shown.is_configured:
            self.editor.delete(shown.id, shown.name)
