"""The pane with everything about one message: text, replies, history, and why each rule did or did not match.

Owns widgets; acts through the view-model's commands. Called by the messages page.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.messages.view_model import MessagesViewModel
from wxauto_mgt.ui.pages.messages.wording import DetailView, ReplyLine, RuleLine
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import Card, button, column, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice, ToneMark
from wxauto_mgt.ui.widgets.status_chip import StatusChip

WIDTH = 364


class DetailPane(Card):
    """One message."""

    def __init__(self, desk: Desk, view_model: MessagesViewModel) -> None:
        super().__init__(margin=Space.L, spacing=Space.S)
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.setFixedWidth(WIDTH)
        self._title = label("", "section")
        self._chip = StatusChip(theme)
        self._facts = label("", "caption", wrap=True)
        self._reason = Notice(theme, tone=Tone.WARNING)
        self._content = label("", wrap=True)
        self._content.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.replay_button = button(theme, words("messages.replay"), "replay", kind="primary")
        self.release_button = button(theme, words("messages.release"), "play", kind="primary")
        self.discard_button = button(theme, words("messages.discard"), "close")
        self._parts = QVBoxLayout()
        fill(self._parts, (), Space.M, 0)
        self._nothing = label(words("messages.pick_one"), "muted", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._wire()
        self.show_detail()

    def show_detail(self) -> None:
        """Show the view-model's open message."""
        detail = self._view_model.detail
        self._nothing.setVisible(detail is None)
        self._whole.setVisible(detail is not None)
        if detail is None:
            return
        self._title.setText(detail.message.chat)
        self._chip.show_status(detail.tone, detail.state)
        self._facts.setText(detail.facts)
        self._reason.say(detail.reason, Tone.INFO if detail.tone is Tone.NEUTRAL else detail.tone)
        self._content.setText(detail.message.content)
        self.replay_button.setVisible(detail.can_replay)
        self.discard_button.setVisible(detail.can_discard)
        self.release_button.setVisible(detail.can_release)
        self._show_parts(detail)

    def _lay_out(self) -> None:
        bubble = QFrame()
        bubble.setObjectName("inset")
        fill(QVBoxLayout(bubble), (self._content,), 0, Space.M)
        content = QWidget()
        inner = QVBoxLayout(content)
        fill(inner, (bubble, self._parts, None), Space.M, 0)
        inner.setContentsMargins(0, 0, Space.S, 0)
        self._whole = QWidget()
        actions = row(self.release_button, self.replay_button, self.discard_button, None)
        fill(
            QVBoxLayout(self._whole),
            (row(self._title, None, self._chip), self._facts, self._reason, actions, scrolled(content)),
            Space.S,
            0,
        )
        self.body.addWidget(self._nothing)
        self.body.addWidget(self._whole)

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        view_model.detail_changed.connect(self.show_detail)
        pairs = (
            (self.replay_button, view_model.replay, "messages.replayed"),
            (self.discard_button, view_model.discard, "messages.discarded"),
            (self.release_button, view_model.release, "messages.released"),
        )
        for made, command, done in pairs:
            drive(made, command, arguments=lambda: (view_model.selected,))
            announce(self, self._desk, command, words(done))
        announce(self, self._desk, view_model.settle, words("messages.settled"))

    def _show_parts(self, detail: DetailView) -> None:
        while (item := self._parts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        words = self._desk.words
        if detail.replies:
            self._parts.addWidget(
                self._section(words("messages.replies"), [self._reply(one) for one in detail.replies])
            )
        self._parts.addWidget(
            self._section(words("messages.timeline"), [_step(at, what) for at, what in detail.timeline])
        )
        if detail.rules:
            self._parts.addWidget(
                self._section(words("messages.rules"), [self._rule(one) for one in detail.rules])
            )

    def _section(self, title: str, lines: list[QWidget]) -> QWidget:
        holder = QWidget()
        fill(QVBoxLayout(holder), (label(title, "caption"), *lines), Space.XS, 0)
        return holder

    def _reply(self, reply: ReplyLine) -> QWidget:
        words, theme = self._desk.words, self._desk.theme
        frame = QFrame()
        frame.setObjectName("inset")
        text = label(reply.text, wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        note = label(reply.note, "caption", wrap=True)
        head = row(StatusChip(theme, reply.tone, reply.state), note)
        head.setStretch(1, 1)
        layout = QVBoxLayout(frame)
        fill(layout, (text, head), Space.S, Space.M)
        if reply.can_be_settled:
            sent = button(theme, words("messages.was_sent"), "check")
            lost = button(theme, words("messages.was_not_sent"), "close")
            sent.clicked.connect(lambda: self._ask_settle(reply, was_sent=True))
            lost.clicked.connect(lambda: self._ask_settle(reply, was_sent=False))
            layout.addWidget(label(words("messages.settle_hint"), "caption", wrap=True))
            layout.addLayout(row(sent, lost, None))
        return frame

    def _rule(self, line: RuleLine) -> QWidget:
        holder = QWidget()
        layout = QHBoxLayout(holder)
        sentence = column(label(line.rule, "strong"), label(line.sentence, "muted", wrap=True), spacing=0)
        fill(layout, (ToneMark(self._desk.theme, line.tone), sentence), Space.S, 0)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.setStretch(1, 1)
        return holder

    def _ask_settle(self, reply: ReplyLine, *, was_sent: bool) -> None:
        words = self._desk.words
        key = "sent" if was_sent else "lost"
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words(f"messages.settle_{key}_title"),
            text=words(f"messages.settle_{key}_text"),
            yes=words("messages.was_sent" if was_sent else "messages.was_not_sent"),
            no=words("form.cancel"),
        )
        question.accepted.connect(lambda: self._view_model.settle.start(reply.id, was_sent))
        question.open()


def _step(at: str, what: str) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    time: QLabel = label(at, "caption")
    time.setFixedWidth(58)
    fill(layout, (time, label(what, wrap=True)), Space.S, 0)
    layout.setAlignment(time, Qt.AlignmentFlag.AlignTop)
    layout.setStretch(1, 1)
    return holder
