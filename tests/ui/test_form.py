"""Forms show a document, hand back what was entered, and place refusals at their field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.ui.stage import Stage, drop_deleted, make_words
from wxauto_mgt.core.alerting.model import AlertRule
from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import Problem
from wxauto_mgt.ui.forms.editors import (
    ChoiceEditor,
    MultilineEditor,
    NumberEditor,
    OptionalNumberEditor,
    PairsEditor,
    SecretEditor,
    SwitchEditor,
    TextEditor,
    WordsEditor,
)
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.forms.list_editors import ReferencesEditor, TableEditor, VariantsEditor
from wxauto_mgt.ui.forms.schema import FieldSpec, Variant, fields_of
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui_settings import ThemeChoice

ROWS = (
    FieldSpec("keywords", Widget.WORDS, title="keywords"),
    FieldSpec("random", Widget.SWITCH, title="random", default=False),
)
SPECS = (
    FieldSpec("id", Widget.TEXT, title="id", is_required=True),
    FieldSpec("note", Widget.TEXT, title="note", is_nullable=True),
    FieldSpec("body", Widget.MULTILINE, title="body"),
    FieldSpec("key", Widget.SECRET, title="key"),
    FieldSpec("wait_s", Widget.NUMBER, title="wait", default=1.5, minimum=0, maximum=60),
    FieldSpec("count", Widget.NUMBER, title="count", default=3, is_integer=True, minimum=0),
    FieldSpec("limit", Widget.NUMBER, title="limit", is_integer=True, is_nullable=True),
    FieldSpec("on", Widget.SWITCH, title="on", default=True),
    FieldSpec("match", Widget.CHOICE, title="match", default="a", choices=(("a", ""), ("b", ""))),
    FieldSpec("names", Widget.WORDS, title="names"),
    FieldSpec("instance", Widget.REFERENCE, title="i", default="*", refers_to="instance", has_any=True),
    FieldSpec("platforms", Widget.REFERENCES, title="p", refers_to="platform"),
    FieldSpec("config.rules", Widget.TABLE, title="rules", rows=ROWS),
)
DOCUMENT: dict[str, JSON] = {
    "id": "x1",
    "note": None,
    "body": "one\ntwo",
    "key": None,
    "wait_s": 2.25,
    "count": 7,
    "limit": 12,
    "on": False,
    "match": "b",
    "names": ["小王", "小李"],
    "instance": "pc1",
    "platforms": ["kw"],
    "config": {"rules": [{"keywords": ["你好"], "random": True}], "unseen": 1},
    "kept": "as it was",
}


def _references(kind: str) -> list[tuple[str, str]]:
    return (
        [("pc1", "客服一号"), ("pc2", "客服二号")] if kind == "instance" else [("kw", "关键词"), ("ai", "AI")]
    )


@pytest.fixture
def form(qapp: QApplication) -> Iterator[SchemaForm]:
    theme = Theme(qapp, ThemeChoice.LIGHT)
    made = SchemaForm(theme, make_words(PlatformTypes(BUILT_IN)), SPECS, references=_references)
    made.show_document(DOCUMENT, has_secret=("key",))
    yield made
    made.deleteLater()
    drop_deleted()


def test_a_document_survives_its_way_through_the_form(form: SchemaForm) -> None:
    assert form.document() == DOCUMENT


def test_missing_values_show_their_defaults(form: SchemaForm) -> None:
    form.show_document({"id": "new"})
    document = form.document()
    assert (document["wait_s"], document["count"], document["on"], document["match"]) == (1.5, 3, True, "a")
    assert document["instance"] == "*"


def test_each_widget_hands_back_what_was_entered(form: SchemaForm) -> None:
    text, body, names = form.editor("note"), form.editor("body"), form.editor("names")
    assert isinstance(text, TextEditor)
    QTest.keyClicks(text.line, "  a note ")
    assert isinstance(body, MultilineEditor)
    body.box.setPlainText("three")
    assert isinstance(names, WordsEditor)
    names.box.setPlainText(" 甲 \n\n乙\n")
    wait, count, limit = form.editor("wait_s"), form.editor("count"), form.editor("limit")
    assert isinstance(wait, NumberEditor)
    wait.box.setValue(0.5)
    assert isinstance(count, NumberEditor)
    count.box.setValue(9)
    assert isinstance(limit, OptionalNumberEditor)
    limit.line.setText("")
    switch, match = form.editor("on"), form.editor("match")
    assert isinstance(switch, SwitchEditor)
    switch.box.click()
    assert isinstance(match, ChoiceEditor)
    match.box.setCurrentIndex(0)
    document = form.document()
    assert document["note"] == "a note"
    assert document["body"] == "three"
    assert document["names"] == ["甲", "乙"]
    assert (document["wait_s"], document["count"], document["limit"]) == (0.5, 9, None)
    assert isinstance(document["count"], int)
    assert (document["on"], document["match"]) == (True, "a")


def test_a_stored_secret_never_shows_and_stays_unless_typed_anew(form: SchemaForm) -> None:
    secret = form.editor("key")
    assert isinstance(secret, SecretEditor)
    assert "已设置" in secret.line.placeholderText()
    assert not secret.reveal.isEnabled()
    assert form.document()["key"] is None
    QTest.keyClicks(secret.line, "sk-new")
    assert secret.line.echoMode() is QLineEdit.EchoMode.Password
    secret.reveal.click()
    assert secret.line.echoMode() is QLineEdit.EchoMode.Normal
    assert form.document()["key"] == "sk-new"


def test_what_is_no_number_goes_to_the_service_as_typed(form: SchemaForm) -> None:
    limit = form.editor("limit")
    assert isinstance(limit, OptionalNumberEditor)
    limit.line.setText("many")
    assert form.document()["limit"] == "many"


def test_references_can_be_picked_added_and_removed(form: SchemaForm) -> None:
    platforms = form.editor("platforms")
    assert isinstance(platforms, ReferencesEditor)
    platforms.add.click()
    platforms.show_value(["kw", "ai"])
    assert form.document()["platforms"] == ["kw", "ai"]
    instance = form.editor("instance")
    assert isinstance(instance, ChoiceEditor)
    shown = [instance.box.itemText(n) for n in range(instance.box.count())]
    assert shown == ["所有实例", "客服一号", "客服二号"]


def test_a_reference_that_is_gone_is_shown_not_replaced(form: SchemaForm) -> None:
    form.show_document({**DOCUMENT, "instance": "gone"})
    assert form.document()["instance"] == "gone"


def test_rows_can_be_added_moved_and_removed(form: SchemaForm) -> None:
    table = form.editor("config.rules")
    assert isinstance(table, TableEditor)
    table.add.click()
    assert table.value() == [{"keywords": ["你好"], "random": True}, {"keywords": [], "random": False}]
    table.move_up(table.cards[1])
    assert [card.number.text() for card in table.cards] == ["第 1 条", "第 2 条"]
    table.remove(table.cards[0])
    assert table.value() == [{"keywords": ["你好"], "random": True}]
    table.cards[0].set_open(is_open=False)
    assert table.cards[0].summary.text() == "你好"


def test_refusals_stand_at_their_field_in_the_language_of_the_operator(form: SchemaForm) -> None:
    rest = form.show_problems(
        [
            Problem("instance x1", "id", "missing"),
            Problem("instance x1", "names.1", "missing"),
            Problem("instance x1", "elsewhere", "missing"),
        ]
    )
    assert form.error_of("id") == "必须填写"
    assert form.error_of("names") == "必须填写"
    assert form.error_of("note") == ""
    assert [problem.field for problem in rest] == ["elsewhere"]


def test_a_refusal_inside_a_row_unfolds_it_and_stands_there(form: SchemaForm) -> None:
    table = form.editor("config.rules")
    assert isinstance(table, TableEditor)
    table.cards[0].set_open(is_open=False)
    rest = form.show_problems([Problem("platform kw", "config.rules.0.keywords", "missing")])
    assert rest == []
    assert table.cards[0].is_open
    inner = table.cards[0].form
    assert isinstance(inner, SchemaForm)
    assert inner.error_of("keywords") == "必须填写"


def test_mending_a_field_takes_its_refusal_away(form: SchemaForm) -> None:
    form.show_problems([Problem("x", "id", "missing")])
    text = form.editor("id")
    assert isinstance(text, TextEditor)
    QTest.keyClicks(text.line, "2")
    assert form.error_of("id") == ""
    assert not form.has_problems


def test_a_read_only_field_says_why_and_keeps_its_value(form: SchemaForm) -> None:
    form.set_read_only("wait_s", "by POLL")
    assert form.editor("wait_s").toolTip() == "by POLL"
    assert not form.editor("wait_s").inner.isEnabled()
    assert form.document()["wait_s"] == 2.25


async def test_labels_are_written_one_pair_a_line(stage: Stage) -> None:
    specs = fields_of(AlertRule.model_json_schema())
    form = SchemaForm(stage.theme, stage.words, specs)
    form.show_document({"id": "a", "labels": {"direction": "out"}})
    editor = form.editor("labels")
    assert isinstance(editor, PairsEditor)
    assert editor.box.toPlainText() == "direction=out"
    editor.box.setPlainText("direction = in\n\ntarget=pc1")
    assert form.document()["labels"] == {"direction": "in", "target": "pc1"}
    form.deleteLater()


def _repairs(qapp: QApplication) -> SchemaForm:
    secret = FieldSpec("token", Widget.SECRET, title="token")
    other = FieldSpec("instance", Widget.REFERENCE, title="i", default="", refers_to="instance")
    variants = tuple(Variant("action", name, name, (secret, other)) for name in ("call", "ask"))
    spec = FieldSpec("repairs", Widget.VARIANTS, title="repairs", variants=variants)
    words = make_words(PlatformTypes(BUILT_IN))
    made = SchemaForm(Theme(qapp, ThemeChoice.LIGHT), words, (spec,), references=_references)
    rows: list[JSON] = [{"action": "call", "token": None}, {"action": "ask", "token": None}]
    made.show_document({"repairs": rows}, has_secret=("repairs.0.token",))
    return made


def _secret_of(steps: VariantsEditor, number: int) -> SecretEditor:
    form = steps.cards[number].form
    assert isinstance(form, SchemaForm)
    editor = form.editor("token")
    assert isinstance(editor, SecretEditor)
    return editor


def _tokens(form: SchemaForm) -> list[JSON]:
    rows = form.document()["repairs"]
    assert isinstance(rows, list)
    return [row["token"] for row in rows if isinstance(row, dict)]


def test_a_stored_secret_inside_a_row_is_shown_as_set_and_kept(qapp: QApplication) -> None:
    form = _repairs(qapp)
    steps = form.editor("repairs")
    assert isinstance(steps, VariantsEditor)
    assert "已设置" in _secret_of(steps, 0).line.placeholderText()
    assert _secret_of(steps, 1).line.placeholderText() == "尚未设置"
    assert _tokens(form) == [None, None]
    form.deleteLater()
    drop_deleted()


def test_a_row_that_moves_does_not_take_over_anothers_secret(qapp: QApplication) -> None:
    form = _repairs(qapp)
    steps = form.editor("repairs")
    assert isinstance(steps, VariantsEditor)
    steps.move_up(steps.cards[1])
    # Null would keep what is stored at the place, which is the other row's.
    assert _tokens(form) == ["", ""]
    assert _secret_of(steps, 1).line.placeholderText() == "尚未设置"
    steps.remove(steps.cards[1])
    steps.menu.actions()[0].trigger()
    assert _tokens(form) == ["", ""]
    form.deleteLater()
    drop_deleted()


def test_an_optional_choice_can_be_left_out(qapp: QApplication) -> None:
    form = _repairs(qapp)
    steps = form.editor("repairs")
    assert isinstance(steps, VariantsEditor)
    row = steps.cards[0].form
    assert isinstance(row, SchemaForm)
    picker = row.editor("instance")
    assert isinstance(picker, ChoiceEditor)
    assert (picker.value(), picker.box.currentText()) == ("", "不指定")
    picker.show_value("pc1")
    assert picker.value() == "pc1"
    picker.box.setCurrentIndex(0)
    assert row.document()["instance"] == ""
    form.deleteLater()
    drop_deleted()
