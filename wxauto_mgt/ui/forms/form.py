"""A form built from field specs: labels, helping sentences, editors, refusals at their field.

Owns layout and the document's round trip; keys that no field shows survive it. Called by dialogs, settings.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import Problem
from wxauto_mgt.ui.forms.editors import (
    ChoiceEditor,
    ChoicesEditor,
    Editor,
    MultilineEditor,
    NumberEditor,
    OptionalNumberEditor,
    PairsEditor,
    SecretEditor,
    SwitchEditor,
    TextEditor,
    WordsEditor,
)
from wxauto_mgt.ui.forms.list_editors import ReferencesEditor, RowForm, TableEditor, VariantsEditor
from wxauto_mgt.ui.forms.schema import FieldSpec, Variant, defaults_of, get, put
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import column, fill, label
from wxauto_mgt.ui.words import Words

LABEL_WIDTH = 150
# These need the whole width: rows inside a label column would be too narrow to read.
_WIDE = (Widget.TABLE, Widget.VARIANTS)

References = Callable[[str], Sequence[tuple[str, str]]]
"""Kind of an object to the objects that may be picked: id and the name to show."""


def no_references(kind: str) -> Sequence[tuple[str, str]]:
    """For forms without references."""
    return ()


class _FieldRow:
    """One field in the grid: editor, helping sentence, refusal."""

    def __init__(self, spec: FieldSpec, editor: Editor, error: QLabel) -> None:
        self.spec = spec
        self.editor = editor
        self.error = error
        self.is_refused = False

    def refuse(self, sentence: str) -> None:
        self.error.setText(f"{self.error.text()}\n{sentence}" if self.error.text() else sentence)
        self.error.show()

    def clear(self) -> None:
        self.is_refused = False
        self.editor.clear_problems()
        self.error.setText("")
        self.error.hide()


class SchemaForm(RowForm):
    """Shows and collects one document."""

    changed = Signal()

    def __init__(
        self,
        theme: Theme,
        words: Words,
        specs: tuple[FieldSpec, ...],
        *,
        references: References = no_references,
        has_headings: bool = True,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._words = words
        self._references = references
        self._base: dict[str, JSON] = {}
        self._fields: dict[str, _FieldRow] = {}
        self._layout = QVBoxLayout(self)
        fill(self._layout, (), Space.M, 0)
        groups = _by_group(specs)
        for heading, members in groups:
            # One heading over everything would only repeat the title above the form.
            if heading and has_headings and len(groups) > 1:
                self._layout.addWidget(label(words(heading), "section"))
            self._layout.addLayout(self._grid(members))

    def editor(self, path: str) -> Editor:
        """The editor of a field."""
        return self._fields[path].editor

    def error_of(self, path: str) -> str:
        """The refusal shown at a field, or nothing."""
        return self._fields[path].error.text()

    @property
    def has_problems(self) -> bool:
        """Whether a refusal is shown at some field."""
        return any(field.is_refused for field in self._fields.values())

    def show_document(
        self,
        document: Mapping[str, JSON],
        *,
        has_secret: Iterable[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Show a document; fields that it lacks show their default."""
        self._base = copy.deepcopy(dict(document))
        for path, field in self._fields.items():
            value = get(document, path)
            field.editor.show_value(field.spec.default if value is None else value)
        self.show_secrets(tuple(has_secret), variables or {})
        self.clear_problems()

    def show_secrets(self, paths: Iterable[str], variables: Mapping[str, str]) -> None:
        found = tuple(paths)
        for path, field in self._fields.items():
            named = {rest: name for at, name in variables.items() if (rest := below(at, path)) is not None}
            inside = [rest for at in found if (rest := below(at, path)) is not None]
            field.editor.show_secrets(inside, named)

    def give_up_secrets(self) -> None:
        for field in self._fields.values():
            if isinstance(field.editor, SecretEditor):
                field.editor.give_up_stored()

    def document(self) -> dict[str, JSON]:
        """What is entered; secrets that were not typed are null, which keeps the stored ones."""
        document = copy.deepcopy(self._base)
        for path, field in self._fields.items():
            put(document, path, field.editor.value())
        return document

    def set_read_only(self, path: str, why: str) -> None:
        """Take no input at a field and say why."""
        if path in self._fields:
            self._fields[path].editor.set_read_only()
            self._fields[path].editor.setToolTip(why)

    def place_problem(self, path: str, sentence: str) -> bool:
        """Show a refusal at the field that bears it; whether there is one."""
        for own, field in self._fields.items():
            if path == own or path.startswith(f"{own}."):
                field.is_refused = True
                if not field.editor.show_problem(path[len(own) + 1 :], sentence):
                    field.refuse(sentence)
                return True
        return False

    def show_problems(self, problems: Sequence[Problem]) -> list[Problem]:
        """Show refusals at their fields; the rest is handed back, the first place gets the keyboard."""
        self.clear_problems()
        placed = [self.place_problem(p.field, self._words.problem(p)) if p.field else False for p in problems]
        first = next((field for field in self._fields.values() if field.is_refused), None)
        if first is not None:
            first.editor.inner.setFocus()
        return [problem for problem, has_place in zip(problems, placed, strict=True) if not has_place]

    def clear_problems(self) -> None:
        """Forget all refusals."""
        for field in self._fields.values():
            field.clear()

    def watch(self, callback: Callable[[], None]) -> None:
        self.changed.connect(callback)

    def _grid(self, members: Sequence[FieldSpec]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.M)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        for line, spec in enumerate(members):
            self._add_field(grid, line, spec)
        return grid

    def _add_field(self, grid: QGridLayout, line: int, spec: FieldSpec) -> None:
        editor = self._make_editor(spec)
        editor.inner.setAccessibleName(self._name_of(spec))
        error = label("", "fieldError", wrap=True)
        error.hide()
        parts: list[QWidget] = [editor]
        if spec.help and self._words.has(spec.help):
            parts.append(label(self._words(spec.help), "caption", wrap=True))
        cell = column(*parts, error, spacing=3)
        if spec.widget in _WIDE:
            grid.addLayout(cell, line, 0, 1, 2)
        else:
            name = label(self._name_of(spec) + (" *" if spec.is_required else ""), "muted", wrap=True)
            name.setBuddy(editor.inner)
            name.setMinimumHeight(32)
            grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
            grid.addLayout(cell, line, 1)
        field = _FieldRow(spec, editor, error)
        self._fields[spec.path] = field
        editor.changed.connect(lambda: self._note_change(field))

    def _note_change(self, field: _FieldRow) -> None:
        # What was refused is being mended: the old refusal would only confuse.
        if field.is_refused:
            field.clear()
        self.changed.emit()

    def _name_of(self, spec: FieldSpec) -> str:
        return self._words(spec.label) if spec.label else spec.title

    def _make_editor(self, spec: FieldSpec) -> Editor:
        words = self._words
        unit = words(spec.unit) if spec.unit else ""
        if spec.widget is Widget.SECRET:
            return SecretEditor(
                self._theme,
                stored=words("form.secret_stored"),
                empty=words("form.secret_empty"),
                reveal=words("form.secret_reveal"),
            )
        if spec.widget is Widget.MULTILINE:
            return MultilineEditor(spec)
        if spec.widget is Widget.WORDS:
            return WordsEditor()
        if spec.widget is Widget.PAIRS:
            return PairsEditor()
        if spec.widget is Widget.NUMBER:
            return OptionalNumberEditor(spec, unit) if spec.is_nullable else NumberEditor(spec, unit)
        if spec.widget is Widget.SWITCH:
            return SwitchEditor(words("form.yes"))
        if spec.widget is Widget.TABLE:
            return self._make_table(spec)
        if spec.widget is Widget.VARIANTS:
            return self._make_variants(spec)
        return self._make_picker(spec)

    def _make_picker(self, spec: FieldSpec) -> Editor:
        words = self._words
        if spec.widget in (Widget.CHOICE, Widget.CHOICES):
            choices = [(value, words(key) if key else value) for value, key in spec.choices]
            if spec.widget is Widget.CHOICES:
                return ChoicesEditor(choices)
            return ChoiceEditor(choices, nothing=self._nothing(spec))
        if spec.widget in (Widget.REFERENCE, Widget.REFERENCES):
            choices = list(self._references(spec.refers_to))
            if spec.has_any:
                every = f"form.every_{spec.refers_to}"
                choices.insert(0, ("*", words(every if words.has(every) else "form.any")))
            if spec.widget is Widget.REFERENCES:
                return ReferencesEditor(self._theme, words, choices)
            return ChoiceEditor(choices, nothing=self._nothing(spec))
        return TextEditor(spec)

    def _nothing(self, spec: FieldSpec) -> tuple[JSON, str] | None:
        """What an empty choice stands for: null where that is allowed, no text where that is the default."""
        if spec.is_nullable:
            return None, self._words("form.no_choice")
        is_optional_text = spec.default == "" and "" not in dict(spec.choices)
        return ("", self._words("form.no_choice")) if is_optional_text else None

    def _make_table(self, spec: FieldSpec) -> Editor:
        return TableEditor(
            self._theme,
            self._words,
            make_form=lambda _: self._row_form(spec.rows),
            new_row=defaults_of(spec.rows),
            sum_up=lambda item: sum_up(spec.rows, item),
        )

    def _make_variants(self, spec: FieldSpec) -> Editor:
        def variant_of(item: Mapping[str, JSON]) -> Variant | None:
            return next((variant for variant in spec.variants if variant.is_of(item)), None)

        def make_form(item: dict[str, JSON]) -> RowForm:
            variant = variant_of(item)
            return self._row_form(variant.specs if variant is not None else ())

        def say(item: dict[str, JSON]) -> str:
            # A plugin that is not there any more leaves its row without a kind.
            variant = variant_of(item)
            return variant.text if variant is not None else ", ".join(str(one) for one in item.values())

        return VariantsEditor(self._theme, self._words, spec.variants, make_form=make_form, sum_up=say)

    def _row_form(self, specs: tuple[FieldSpec, ...]) -> RowForm:
        return SchemaForm(self._theme, self._words, specs, references=self._references, has_headings=False)


def below(path: str, field: str) -> str | None:
    """What is left of a path inside a field, "" for the field itself; None where it is elsewhere."""
    if path == field:
        return ""
    return path[len(field) + 1 :] if path.startswith(f"{field}.") else None


def sum_up(specs: tuple[FieldSpec, ...], item: Mapping[str, JSON]) -> str:
    """One line that tells rows apart: their lists of texts, then their texts."""
    lists = [get(item, spec.path) for spec in specs if spec.widget is Widget.WORDS]
    texts = [get(item, spec.path) for spec in specs if spec.widget in (Widget.TEXT, Widget.URL)]
    parts = [", ".join(str(part) for part in found) for found in lists if isinstance(found, list)]
    parts += [str(text) for text in texts if text]
    line = "  →  ".join(part for part in parts if part)
    return line if len(line) <= 72 else line[:71] + "…"


def _by_group(specs: tuple[FieldSpec, ...]) -> list[tuple[str, list[FieldSpec]]]:
    groups: dict[str, list[FieldSpec]] = {}
    for spec in specs:
        groups.setdefault(spec.group, []).append(spec)
    # Fields of a plugin that stand under one heading with common ones stand where their order says.
    return [(group, sorted(members, key=lambda spec: spec.order)) for group, members in groups.items()]
