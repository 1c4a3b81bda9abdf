"""The repairs of one service: ladder, state and why, journal. Called by the services page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.core.recovery.model import DryRun
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.services.repair_view_model import RepairViewModel
from wxauto_mgt.ui.pages.services.table_model import NOTE_COLUMN, PlanModel, RunModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import button, column, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice, ToneMark
from wxauto_mgt.ui.widgets.status_chip import StatusChip
from wxauto_mgt.ui.widgets.table_view import RowTable


class RepairPanel(QWidget):
    """What would be done, what was done, and why nothing is."""

    def __init__(self, desk: Desk, view_model: RepairViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self.question: ConfirmDialog | None = None
        words, theme = desk.words, desk.theme
        self.chip = StatusChip(theme)
        self._attempts = label("", "caption")
        self.why = label("", wrap=True)
        self.trouble = Notice(theme)
        self.repair_button = button(theme, words("services.repair"), "restart")
        self.cancel_button = button(theme, words("services.cancel_repair"), "close")
        self.plan = PlanModel(words)
        self.plan_table = RowTable(theme, self.plan, words("services.ladder"))
        self._no_plan = label(words("services.no_ladder"), "muted", wrap=True)
        self.runs = RunModel(words)
        self.run_table = RowTable(theme, self.runs, words("services.journal"))
        self._no_runs = label(words("services.no_runs"), "muted", wrap=True)
        self._steps = QVBoxLayout()
        self._lay_out()
        self._wire()
        self._show()
        self._show_plan()
        self._show_runs()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        fill(self._steps, (), Space.S, 0)
        state = row(self.chip, self._attempts, None, self.cancel_button, self.repair_button)
        left = column(state, self.why, self._no_plan, self.plan_table, None)
        left.setStretch(3, 100)
        told = QWidget()
        steps = QVBoxLayout(told)
        fill(steps, (self._steps, None), 0, 0)
        self._told = scrolled(told)
        right = column(label(words("services.journal"), "section"), self._no_runs, self.run_table, self._told)
        right.setStretch(2, 3)
        right.setStretch(3, 2)
        right.addStretch(0)
        halves = row(left, right, spacing=Space.XL)
        for number in range(2):
            halves.setStretch(number, 1)
        body = QVBoxLayout(self)
        fill(body, (self.trouble, halves), Space.S, 0)
        body.setStretch(1, 1)

    def _wire(self) -> None:
        view_model, desk, words = self._view_model, self._desk, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show)
        connect_for(self, view_model, view_model.planned, self._show_plan)
        connect_for(self, view_model, view_model.journal_read, self._show_runs)
        connect_for(self, view_model.ask, view_model.ask.succeeded, self._ask)
        connect_for(self, view_model.ask, view_model.ask.failed, desk.failed.emit)
        for reader in (view_model.planner, view_model.reader):
            connect_for(self, reader, reader.failed, self.trouble.say)
        announce(self, desk, view_model.trigger, words("services.repair_begun"))
        announce(self, desk, view_model.cancel, words("services.repair_cancelled"))
        drive(self.repair_button, view_model.ask, arguments=self._service, is_usable=self._may_repair)
        drive(self.cancel_button, view_model.cancel, arguments=self._service)
        self.run_table.picked.connect(self._show_steps)

    def _service(self) -> tuple[str]:
        return (self._view_model.selected,)

    def _may_repair(self) -> bool:
        shown = self._view_model.shown
        return shown is not None and shown.has_repairs and not shown.is_running

    def _show(self) -> None:
        shown = self._view_model.shown
        self.repair_button.setEnabled(self._may_repair())
        self.cancel_button.setVisible(shown is not None and shown.is_running)
        if shown is None:
            return
        self.chip.show_status(shown.tone, shown.state)
        self._attempts.setText(shown.attempts)
        self.why.setText(shown.why)

    def _show_plan(self) -> None:
        plan = self._view_model.plan
        self.trouble.say("")
        self.plan.show_rows(plan)
        self.plan_table.setVisible(bool(plan))
        self.plan_table.setColumnHidden(NOTE_COLUMN, not any(step.note for step in plan))
        self._no_plan.setVisible(not plan)

    def _show_runs(self) -> None:
        runs = self._view_model.runs
        self.runs.show_rows(runs)
        self.run_table.setVisible(bool(runs))
        self._no_runs.setVisible(not runs)
        if self.run_table.current_row < 0 and runs:
            self.run_table.selectRow(0)
        self._show_steps(self.run_table.current_row)

    def _show_steps(self, number: int) -> None:
        while (item := self._steps.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        shown = self.runs.row_at(number)
        self._told.setVisible(shown is not None)
        if shown is None:
            return
        self._steps.addWidget(self._line(Tone.NEUTRAL, shown.because, ""))
        for tone, line, more in shown.steps:
            self._steps.addWidget(self._line(tone, line, more))
        if shown.reason:
            self._steps.addWidget(self._line(shown.tone, shown.reason, ""))

    def _line(self, tone: Tone, line: str, more: str) -> QWidget:
        parts = [label(line, wrap=True)]
        if more:
            parts.append(label(more, "caption", wrap=True))
        holder = QWidget()
        mark = ToneMark(self._desk.theme, tone)
        layout = row(mark, column(*parts, spacing=1), spacing=Space.S)
        layout.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder

    def _ask(self, dry: DryRun) -> None:
        words = self._desk.words
        steps = "\n".join(planned.line for planned in self._view_model.plan_of(dry))
        self.question = question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("services.repair_title"),
            text=words("services.repair_text", steps=steps),
            yes=words("services.repair"),
            no=words("form.cancel"),
        )
        question.accepted.connect(lambda: self._view_model.trigger.start(dry.service))
        question.finished.connect(self._forget_question)
        question.open()

    def _forget_question(self, _: int) -> None:
        self.question = None
