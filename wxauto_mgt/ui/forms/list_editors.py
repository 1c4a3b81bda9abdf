"""Editors of lists: references in order, and rows that are small forms themselves.

Owns adding, removing and moving rows. Called by `SchemaForm`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.forms.editors import ChoiceEditor, Editor
from wxauto_mgt.ui.forms.schema import Variant
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import button, column, fill, icon_button, label, row, thin_rule
from wxauto_mgt.ui.words import Words


class ReferencesEditor(Editor):
    """References in order: a picker each, with a button to add another."""

    def __init__(self, theme: Theme, words: Words, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._theme = theme
        self._words = words
        self._choices = choices
        self._pickers: list[tuple[QWidget, ChoiceEditor]] = []
        self._lines = column(spacing=Space.XS)
        self.add = button(theme, words("form.add_reference"), "add", kind="quiet")
        self.add.clicked.connect(lambda: self._append(None, announce=True))
        self.inner = self.add
        fill(QVBoxLayout(self), (self._lines, row(self.add, None)), Space.XS, 0)

    def value(self) -> JSON:
        return [picked for _, picker in self._pickers if isinstance(picked := picker.value(), str)]

    def show_value(self, value: JSON) -> None:
        for line, _ in self._pickers:
            line.deleteLater()
        self._pickers.clear()
        for item in value if isinstance(value, list) else []:
            self._append(item, announce=False)
        if not self._pickers:
            self._append(None, announce=False)

    def show_problem(self, rest: str, sentence: str) -> bool:
        for _, picker in self._pickers:
            picker.show_problem("", sentence)
        return False

    def clear_problems(self) -> None:
        for _, picker in self._pickers:
            picker.clear_problems()

    def _append(self, value: JSON, *, announce: bool) -> None:
        picker = ChoiceEditor(self._choices)
        picker.show_value(value)
        picker.changed.connect(self.changed)
        remove = icon_button(self._theme, "close", self._words("form.remove"))
        line = QWidget()
        layout = QHBoxLayout(line)
        fill(layout, (picker, remove, None), Space.XS, 0)
        layout.setStretch(0, 100)
        picker.setMaximumWidth(picker.box.maximumWidth())
        remove.clicked.connect(lambda: self._remove(line))
        self._lines.addWidget(line)
        self._pickers.append((line, picker))
        if announce:
            self.changed.emit()

    def _remove(self, line: QWidget) -> None:
        self._pickers = [pair for pair in self._pickers if pair[0] is not line]
        self._lines.removeWidget(line)
        line.deleteLater()
        self.changed.emit()


class RowForm(QWidget):
    """What a table row needs of the form inside it; `SchemaForm` is the one implementation."""

    def document(self) -> dict[str, JSON]:
        """What is entered."""
        raise NotImplementedError

    def show_document(self, document: dict[str, JSON]) -> None:
        """Show a row."""
        raise NotImplementedError

    def show_secrets(self, paths: Iterable[str], variables: Mapping[str, str]) -> None:
        """Say which secrets are stored; see `Editor.show_secrets`."""
        raise NotImplementedError

    def give_up_secrets(self) -> None:
        """Keep nothing of what is stored at this row's place."""
        raise NotImplementedError

    def place_problem(self, path: str, sentence: str) -> bool:
        """Show a refusal at a path; whether there was such a field."""
        raise NotImplementedError

    def clear_problems(self) -> None:
        """Forget refusals."""
        raise NotImplementedError

    def watch(self, callback: Callable[[], None]) -> None:
        """Call back when a value changes."""
        raise NotImplementedError


class _RowCard(QFrame):
    """One row: a line that sums it up, and the form that it unfolds to.

    Attributes:
        stored_at: its number among the stored rows; None for a new one.
    """

    def __init__(self, table: TableEditor, form: RowForm) -> None:
        super().__init__()
        self.setObjectName("inset")
        self.form = form
        self.stored_at: int | None = None
        self._keeps_summary = table.keeps_summary
        theme, words = table.theme, table.words
        self._theme = theme
        self.number = label("", "strong")
        self.summary = label("", "muted")
        self.unfold = icon_button(theme, "chevron-down", words("form.unfold"))
        up = icon_button(theme, "chevron-up", words("form.move_up"))
        remove = icon_button(theme, "delete", words("form.remove"))
        up.clicked.connect(lambda: table.move_up(self))
        remove.clicked.connect(lambda: table.remove(self))
        self.unfold.clicked.connect(self.toggle)
        head = row(self.unfold, self.number, self.summary, None, up, remove, spacing=Space.XS)
        self._body = QWidget()
        fill(QVBoxLayout(self._body), (thin_rule(), form), Space.S, 0)
        fill(QVBoxLayout(self), (head, self._body), Space.XS, Space.S)

    @property
    def is_open(self) -> bool:
        """Whether the form is unfolded."""
        return not self._body.isHidden()

    def toggle(self) -> None:
        """Fold or unfold."""
        self.set_open(is_open=not self.is_open)

    def set_open(self, *, is_open: bool) -> None:
        """Fold or unfold, and show which."""
        self._body.setVisible(is_open)
        self.summary.setVisible(self._keeps_summary or not is_open)
        self.unfold.setIcon(self._theme.icon("chevron-down" if is_open else "chevron-right"))


class TableEditor(Editor):
    """A list of mappings, each a small form that folds to one line.

    Args:
        make_form: the form that suits a row.
        keeps_summary: whether the line is shown above an open form, too.
    """

    def __init__(
        self,
        theme: Theme,
        words: Words,
        *,
        make_form: Callable[[dict[str, JSON]], RowForm],
        new_row: dict[str, JSON],
        sum_up: Callable[[dict[str, JSON]], str],
        keeps_summary: bool = False,
    ) -> None:
        super().__init__()
        self.theme = theme
        self.words = words
        self.keeps_summary = keeps_summary
        self._make_form = make_form
        self._new_row = new_row
        self._sum_up = sum_up
        self._cards: list[_RowCard] = []
        self._list = column(spacing=Space.S)
        self.add = button(theme, words("form.add_row"), "add")
        self.add.clicked.connect(self.append)
        self.inner = self.add
        fill(QVBoxLayout(self), (self._list, row(self.add, None)), Space.S, 0)

    @property
    def cards(self) -> tuple[_RowCard, ...]:
        """The rows in order."""
        return tuple(self._cards)

    def value(self) -> JSON:
        return [card.form.document() for card in self._cards]

    def show_value(self, value: JSON) -> None:
        for card in self._cards:
            self._list.removeWidget(card)
            card.deleteLater()
        self._cards.clear()
        rows = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
        for number, item in enumerate(rows):
            self._add_card(item, is_open=len(rows) == 1)
            self._cards[-1].stored_at = number
        self._renumber()

    def show_secrets(self, paths: Iterable[str], variables: Mapping[str, str]) -> None:
        found = [path.partition(".") for path in paths]
        named = [(*path.partition("."), name) for path, name in variables.items()]
        for number, card in enumerate(self._cards):
            inside = [rest for at, _, rest in found if at == str(number)]
            card.form.show_secrets(inside, {rest: name for at, _, rest, name in named if at == str(number)})

    def append(self) -> None:
        """Add an empty row, unfolded."""
        self.append_row(self._new_row)

    def append_row(self, row: dict[str, JSON]) -> None:
        """Add a row, unfolded."""
        for card in self._cards:
            card.set_open(is_open=False)
        self._add_card(dict(row), is_open=True)
        self._note_change()

    def remove(self, card: _RowCard) -> None:
        """Take a row out."""
        self._cards.remove(card)
        self._list.removeWidget(card)
        card.deleteLater()
        self._note_change()

    def move_up(self, card: _RowCard) -> None:
        """Swap a row with the one above it."""
        at = self._cards.index(card)
        if at > 0:
            self._cards.insert(at - 1, self._cards.pop(at))
            self._list.removeWidget(card)
            self._list.insertWidget(at - 1, card)
            self._note_change()

    def show_problem(self, rest: str, sentence: str) -> bool:
        number, _, path = rest.partition(".")
        if not number.isdigit() or int(number) >= len(self._cards):
            return False
        card = self._cards[int(number)]
        card.set_open(is_open=True)
        return card.form.place_problem(path, sentence)

    def clear_problems(self) -> None:
        for card in self._cards:
            card.form.clear_problems()

    def _add_card(self, item: dict[str, JSON], *, is_open: bool) -> None:
        form = self._make_form(item)
        form.show_document(item)
        form.watch(self._note_change)
        card = _RowCard(self, form)
        self._cards.append(card)
        self._list.addWidget(card)
        card.set_open(is_open=is_open)

    def _note_change(self) -> None:
        self._renumber()
        self.changed.emit()

    def _renumber(self) -> None:
        for number, card in enumerate(self._cards, start=1):
            card.number.setText(self.words("form.row_number", number=number))
            card.summary.setText(self._sum_up(card.form.document()))
            if card.stored_at != number - 1:
                # Secrets are kept by their place: here they would be those of another row.
                card.form.give_up_secrets()


class VariantsEditor(TableEditor):
    """A list of mappings of several kinds: adding one asks of which."""

    def __init__(
        self,
        theme: Theme,
        words: Words,
        variants: Sequence[Variant],
        *,
        make_form: Callable[[dict[str, JSON]], RowForm],
        sum_up: Callable[[dict[str, JSON]], str],
    ) -> None:
        super().__init__(theme, words, make_form=make_form, new_row={}, sum_up=sum_up, keeps_summary=True)
        self.menu = QMenu(self)
        for variant in variants:
            action = self.menu.addAction(variant.text)
            action.triggered.connect(lambda _=False, chosen=variant: self.append_row(chosen.new_row()))

    def append(self) -> None:
        self.menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))
