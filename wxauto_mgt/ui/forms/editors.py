"""The editors of single values: one class for each kind of field.

Owns showing and reading a value; what is allowed is decided by the configuration service.
Called by `SchemaForm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.forms.schema import FieldSpec
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import fill, icon_button, label, set_property

_FAR: Final = 1_000_000_000.0
_FIELD_WIDTH: Final = 420
_NUMBER_WIDTH: Final = 140


class Editor(QWidget):
    """Base of the editors.

    Attributes:
        inner: the control that takes the keyboard and shows that its value was refused.
    """

    changed = Signal()
    inner: QWidget

    def value(self) -> JSON:
        """What is entered now."""
        raise NotImplementedError

    def show_value(self, value: JSON) -> None:
        """Show a value without announcing it."""
        raise NotImplementedError

    def show_secrets(self, paths: Iterable[str], variables: Mapping[str, str]) -> None:
        """Say which secrets inside are stored: paths below this field, "" for itself.

        Args:
            variables: those that come from the environment, by path.
        """

    def set_read_only(self) -> None:
        """Show the value, take no input."""
        self.inner.setEnabled(False)

    def show_problem(self, rest: str, sentence: str) -> bool:
        """Show a refusal inside, at the path `rest`; whether it found a place there."""
        set_property(self.inner, "wrong", value=True)
        return False

    def clear_problems(self) -> None:
        """Forget all refusals shown inside."""
        set_property(self.inner, "wrong", value=False)


class TextEditor(Editor):
    """One line of text; an empty one is null where null is allowed."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self._is_nullable = spec.is_nullable
        self.line = QLineEdit()
        self.line.textEdited.connect(self.changed)
        self.inner = self.line
        hold_left(self, self.line)

    def value(self) -> JSON:
        text = self.line.text().strip()
        return None if self._is_nullable and not text else text

    def show_value(self, value: JSON) -> None:
        self.line.setText("" if value is None else str(value))
        self.line.setCursorPosition(0)

    def set_read_only(self) -> None:
        self.line.setReadOnly(True)
        self.line.setFocusPolicy(Qt.FocusPolicy.ClickFocus)


class MultilineEditor(Editor):
    """Several lines of text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self._is_nullable = spec.is_nullable
        self.box = text_box(lines=4)
        self.box.textChanged.connect(self.changed)
        self.inner = self.box
        fill(QHBoxLayout(self), (self.box,), 0, 0)

    def value(self) -> JSON:
        text = self.box.toPlainText()
        return None if self._is_nullable and not text.strip() else text

    def show_value(self, value: JSON) -> None:
        self.blockSignals(True)
        self.box.setPlainText("" if value is None else str(value))
        self.blockSignals(False)


class WordsEditor(Editor):
    """A list of short texts, one per line; empty lines do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.box = text_box(lines=3)
        self.box.textChanged.connect(self.changed)
        self.inner = self.box
        fill(QHBoxLayout(self), (self.box,), 0, 0)

    def value(self) -> JSON:
        return [line.strip() for line in self.box.toPlainText().splitlines() if line.strip()]

    def show_value(self, value: JSON) -> None:
        self.blockSignals(True)
        self.box.setPlainText("\n".join(str(item) for item in value) if isinstance(value, list) else "")
        self.blockSignals(False)


class PairsEditor(WordsEditor):
    """Names with their values, one `name=value` per line."""

    def value(self) -> JSON:
        lines = (line.partition("=") for line in self.box.toPlainText().splitlines() if line.strip())
        return {name.strip(): value.strip() for name, _, value in lines}

    def show_value(self, value: JSON) -> None:
        pairs = value.items() if isinstance(value, dict) else ()
        super().show_value([f"{name}={text}" for name, text in pairs])


class SecretEditor(Editor):
    """A secret: what is stored never comes here; only what was just typed can be revealed."""

    def __init__(self, theme: Theme, *, stored: str, empty: str, reveal: str) -> None:
        super().__init__()
        self._stored_hint = stored
        self._empty_hint = empty
        self._is_stored = False
        self._is_given_up = False
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.reveal = icon_button(theme, "eye", reveal)
        self.reveal.setCheckable(True)
        self.reveal.setEnabled(False)
        self.line.textEdited.connect(self._typed)
        self.reveal.toggled.connect(self._show_typed)
        self.inner = self.line
        hold_left(self, self.line, self.reveal)
        self.show_secrets((), {})

    @property
    def is_stored(self) -> bool:
        """Whether a value is stored that an empty field keeps."""
        return self._is_stored

    def value(self) -> JSON:
        # An empty text, unlike null, keeps nothing of what is stored at this place.
        return self.line.text() or ("" if self._is_given_up else None)

    def show_value(self, value: JSON) -> None:
        self.line.setText("")

    def show_secrets(self, paths: Iterable[str], variables: Mapping[str, str]) -> None:
        self._is_stored = "" in set(paths)
        hint = self._stored_hint if self._is_stored else self._empty_hint
        self.line.setPlaceholderText(variables.get("", "") or hint)

    def give_up_stored(self) -> None:
        """Keep nothing of what is stored at this place: it belonged to something else."""
        self._is_given_up = True
        self.show_secrets((), {})

    def _typed(self, text: str) -> None:
        self.reveal.setEnabled(bool(text))
        if not text:
            self.reveal.setChecked(False)
        self.changed.emit()

    def _show_typed(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self.line.setEchoMode(mode)


class CalmNumberBox(QDoubleSpinBox):
    """A number box without trailing zeros that leaves the wheel to the page unless it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        # A style sheet's padding does not reach the line inside a number box.
        self.lineEdit().setTextMargins(Space.S, 0, 0, 0)

    def textFromValue(self, val: float) -> str:
        return f"{val:.{self.decimals()}f}".rstrip("0").rstrip(".") if self.decimals() else f"{val:.0f}"

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class NumberEditor(Editor):
    """A number with its unit; the range is what the schema says."""

    def __init__(self, spec: FieldSpec, unit: str) -> None:
        super().__init__()
        self._is_integer = spec.is_integer
        self.box = CalmNumberBox()
        self.box.setDecimals(0 if spec.is_integer else 3)
        self.box.setRange(
            -_FAR if spec.minimum is None else spec.minimum, _FAR if spec.maximum is None else spec.maximum
        )
        self.box.setFixedWidth(_NUMBER_WIDTH)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.valueChanged.connect(self.changed)
        self.inner = self.box
        fill(QHBoxLayout(self), (self.box, label(unit, "muted"), None), Space.S, 0)

    def value(self) -> JSON:
        number = self.box.value()
        return round(number) if self._is_integer or number.is_integer() else round(number, 6)

    def show_value(self, value: JSON) -> None:
        self.box.blockSignals(True)
        if isinstance(value, int | float):
            self.box.setValue(float(value))
        self.box.blockSignals(False)


class OptionalNumberEditor(Editor):
    """A number that may be left empty; what is no number goes to the service as it was typed."""

    def __init__(self, spec: FieldSpec, unit: str) -> None:
        super().__init__()
        self._is_integer = spec.is_integer
        self.line = QLineEdit()
        self.line.setFixedWidth(_NUMBER_WIDTH)
        self.line.textEdited.connect(self.changed)
        self.inner = self.line
        fill(QHBoxLayout(self), (self.line, label(unit, "muted"), None), Space.S, 0)

    def value(self) -> JSON:
        text = self.line.text().strip()
        if not text:
            return None
        try:
            return int(text) if self._is_integer else float(text)
        except ValueError:
            return text

    def show_value(self, value: JSON) -> None:
        is_number = isinstance(value, int | float)
        self.line.setText("" if value is None else f"{value:.12g}" if is_number else str(value))


class SwitchEditor(Editor):
    """Yes or no."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.box = QCheckBox(text)
        self.box.toggled.connect(self.changed)
        self.inner = self.box
        fill(QHBoxLayout(self), (self.box, None), 0, 0)
        self.setMinimumHeight(30)

    def value(self) -> JSON:
        return self.box.isChecked()

    def show_value(self, value: JSON) -> None:
        self.box.blockSignals(True)
        self.box.setChecked(value is True)
        self.box.blockSignals(False)


class CalmComboBox(QComboBox):
    """A combo box that leaves the wheel to the page."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceEditor(Editor):
    """One of some values; a stored value that is no longer offered stays shown as it is.

    Args:
        nothing: what stands for no choice, with its words; None where something must be chosen.
    """

    def __init__(
        self, choices: Sequence[tuple[str, str]], *, nothing: tuple[JSON, str] | None = None
    ) -> None:
        super().__init__()
        self.box = CalmComboBox()
        if nothing is not None:
            self.box.addItem(nothing[1], nothing[0])
        for value, text in choices:
            self.box.addItem(text, value)
        self.box.activated.connect(lambda _: self.changed.emit())
        self.inner = self.box
        hold_left(self, self.box)

    def value(self) -> JSON:
        found: JSON = self.box.currentData()
        return found

    def show_value(self, value: JSON) -> None:
        number = self.box.findData(value)
        if number < 0 and isinstance(value, str) and value:
            self.box.addItem(value, value)
            number = self.box.count() - 1
        self.box.setCurrentIndex(number)


class ChoicesEditor(Editor):
    """Some of a fixed set, as boxes side by side; the order is that of the set."""

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.boxes = {value: QCheckBox(text) for value, text in choices}
        for box in self.boxes.values():
            box.toggled.connect(self.changed)
        self.inner = next(iter(self.boxes.values()))
        fill(QHBoxLayout(self), (*self.boxes.values(), None), Space.M, 0)
        self.setMinimumHeight(30)

    def value(self) -> JSON:
        return [value for value, box in self.boxes.items() if box.isChecked()]

    def show_value(self, value: JSON) -> None:
        self.blockSignals(True)
        for name, box in self.boxes.items():
            box.setChecked(isinstance(value, list) and name in value)
        self.blockSignals(False)

    def set_read_only(self) -> None:
        for box in self.boxes.values():
            box.setEnabled(False)


def hold_left(holder: QWidget, control: QWidget, *beside: QWidget) -> None:
    """Lay out a control that grows to the width of a field and no further, at the left edge."""
    control.setMaximumWidth(_FIELD_WIDTH - 38 * len(beside))
    control.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    layout = QHBoxLayout(holder)
    fill(layout, (control, *beside, None), Space.XS, 0)
    layout.setStretch(0, 100)


def text_box(*, lines: int) -> QPlainTextEdit:
    """A box for a few lines, in which Tab leaves the field."""
    box = QPlainTextEdit()
    box.setTabChangesFocus(True)
    box.setFixedHeight(QFontMetrics(box.font()).lineSpacing() * lines + 22)
    return box
