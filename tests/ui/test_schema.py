"""A schema with hints becomes the fields of a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field, SecretStr
from pydantic.config import JsonDict

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.listening.model import ListenerConfig
from wxauto_mgt.ui.forms.schema import FieldSpec, defaults_of, fields_of, get, put


class _Match(StrEnum):
    EXACT = "exact"
    FUZZY = "fuzzy"


def _hints(order: int, **more: str) -> JsonDict:
    return {**hints(f"label.{order}", group="g", order=order), **more}


class _Row(BaseModel):
    words: tuple[str, ...] = Field(json_schema_extra=_hints(2))
    match: _Match = Field(default=_Match.EXACT, json_schema_extra=_hints(1, choices="c"))


class _Nested(BaseModel):
    quote: bool = Field(default=False, json_schema_extra=_hints(50))


class _Model(BaseModel):
    id: str = Field(json_schema_extra=_hints(10))
    key: SecretStr = Field(json_schema_extra=_hints(20, widget=Widget.SECRET))
    wait_s: float = Field(default=1.5, ge=0, le=60, json_schema_extra=_hints(5, unit="u.s"))
    limit: int | None = Field(default=None, ge=1, json_schema_extra=_hints(30))
    platform: str = Field(default="*", json_schema_extra=_hints(40, refers_to="platform"))
    rows: tuple[_Row, ...] = Field(default=(), json_schema_extra=_hints(60))
    nested: _Nested = Field(default_factory=_Nested)


def _specs() -> dict[str, FieldSpec]:
    return {spec.path: spec for spec in fields_of(_Model.model_json_schema())}


def test_fields_stand_in_the_order_of_their_hints() -> None:
    paths = [spec.path for spec in fields_of(_Model.model_json_schema())]
    assert paths == ["wait_s", "id", "key", "limit", "platform", "nested.quote", "rows"]


def test_each_kind_of_value_gets_its_widget() -> None:
    widgets = {path: spec.widget for path, spec in _specs().items()}
    assert widgets == {
        "id": Widget.TEXT,
        "key": Widget.SECRET,
        "wait_s": Widget.NUMBER,
        "limit": Widget.NUMBER,
        "platform": Widget.REFERENCE,
        "nested.quote": Widget.SWITCH,
        "rows": Widget.TABLE,
    }


def test_numbers_know_range_unit_and_whether_they_may_be_empty() -> None:
    specs = _specs()
    assert (specs["wait_s"].minimum, specs["wait_s"].maximum, specs["wait_s"].unit) == (0, 60, "u.s")
    assert not specs["wait_s"].is_integer
    assert specs["limit"].is_integer
    assert specs["limit"].is_nullable
    assert not specs["wait_s"].is_nullable


def test_a_reference_whose_default_is_everything_offers_everything() -> None:
    assert _specs()["platform"].has_any


def test_a_reference_may_offer_everything_without_it_being_the_default() -> None:
    instance = next(spec for spec in fields_of(ListenerConfig.model_json_schema()) if spec.path == "instance")
    assert instance.has_any
    assert instance.is_required


def test_a_table_knows_the_fields_of_its_rows() -> None:
    match, words = _specs()["rows"].rows
    assert (match.path, match.widget, match.choices) == (
        "match",
        Widget.CHOICE,
        (("exact", "c.exact"), ("fuzzy", "c.fuzzy")),
    )
    assert (words.path, words.widget, words.is_required) == ("words", Widget.WORDS, True)


def test_paths_of_a_prefix_reach_into_the_document() -> None:
    specs = fields_of(_Row.model_json_schema(), prefix="config.")
    document = defaults_of(specs)
    assert document == {"config": {"match": "exact"}}
    put(document, "config.words", ["a"])
    assert get(document, "config.words") == ["a"]
    assert get(document, "config.words.nothing") is None
