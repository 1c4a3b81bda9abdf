"""One service: why it is as it is, with evidence, its uptime, the calls to it.

Called by the services page.
"""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.services.detail_view_model import SPANS, ServiceDetailViewModel
from wxauto_mgt.ui.pages.services.facts_grid import FactsGrid
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.layout import column, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.uptime_bars import Bar, UptimeBars


class StatusPanel(QWidget):
    """What is known now, and how it was."""

    def __init__(self, desk: Desk, view_model: ServiceDetailViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.reason = Notice(theme)
        self.trouble = Notice(theme)
        self._about = label("", "caption", wrap=True)
        self.evidence = FactsGrid()
        self._no_evidence = label(words("services.no_evidence"), "muted")
        self.figures = FactsGrid()
        self._no_figures = label(words("services.no_requests"), "muted", wrap=True)
        self.span = Segments([(name, words(f"services.span_{name}")) for name in SPANS], view_model.span)
        self.uptime = UptimeBars(theme, words("services.uptime"))
        self._summary = label("", "strong")
        self._since, self._until = label("", "caption"), label("", "caption")
        self._legend = label(words("services.uptime_legend"), "caption", wrap=True)
        self._lay_out(desk)
        connect_for(self, view_model, view_model.changed, self._show)
        connect_for(self, view_model, view_model.uptime_read, self._show_uptime)
        connect_for(self, view_model.reader, view_model.reader.failed, self.trouble.say)
        self.span.chosen.connect(view_model.set_span)
        self._show()
        self._show_uptime()

    def _lay_out(self, desk: Desk) -> None:
        words = desk.words
        known = QWidget()
        left = QVBoxLayout(known)
        evidence = label(words("services.evidence"), "section")
        fill(left, (self._about, evidence, self._no_evidence, self.evidence, None), Space.S, 0)
        left.setContentsMargins(0, 0, Space.S, 0)
        past = QWidget()
        right = QVBoxLayout(past)
        head = row(label(words("services.uptime"), "section"), None, self.span)
        ends = row(self._since, None, self._until)
        requests = label(words("services.requests"), "section")
        fill(
            right,
            (
                head,
                self._summary,
                column(self.uptime, ends, self._legend, spacing=2),
                self.trouble,
                requests,
                self._no_figures,
                self.figures,
                None,
            ),
            Space.S,
            0,
        )
        right.setContentsMargins(0, 0, Space.S, 0)
        halves = row(scrolled(known), scrolled(past), spacing=Space.XL)
        for number in range(2):
            halves.setStretch(number, 1)
        body = QVBoxLayout(self)
        fill(body, (self.reason, halves), Space.M, 0)
        body.setStretch(1, 1)

    def _show(self) -> None:
        shown = self._view_model.shown
        if shown is None:
            self.reason.say("")
            return
        self.reason.say(shown.reason, Tone.INFO if shown.tone is Tone.OK else shown.tone)
        self._about.setText(shown.about)
        self.evidence.show_lines(shown.evidence)
        self._no_evidence.setVisible(not shown.evidence)
        self.figures.show_lines(shown.figures)
        self._no_figures.setVisible(not shown.figures)

    def _show_uptime(self) -> None:
        uptime = self._view_model.uptime
        self.trouble.say("")
        self.uptime.show_bars(
            [Bar(percent, tip) for percent, tip in uptime.bars] if uptime else (),
            uptime.summary if uptime else "",
        )
        self._summary.setText(uptime.summary if uptime else "")
        self._since.setText(uptime.since if uptime else "")
        self._until.setText(uptime.until if uptime else "")
