"""What holds for every kind of check that comes with the product; a new one is covered once it is listed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

import wxauto_mgt
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring import checks
from wxauto_mgt.core.monitoring.checks.built_in import BUILT_IN
from wxauto_mgt.core.monitoring.checks.contract import AnyCheckKind
from wxauto_mgt.core.monitoring.checks.types import CheckTypes
from wxauto_mgt.texts.catalogue import read_texts

TEXTS = {
    key
    for file in (Path(wxauto_mgt.__file__).parent / "texts/locale/zh_CN").glob("*.po")
    for key in read_texts(file)
}
FOLDER = Path(checks.__file__).parent
KINDS = pytest.mark.parametrize("kind", BUILT_IN, ids=[kind.TYPE for kind in BUILT_IN])


def test_all_kinds_of_the_product_are_there() -> None:
    assert set(CheckTypes(BUILT_IN).names()) == {
        "canary",
        "command",
        "disk",
        "http",
        "postgresql",
        "process",
        "push",
        "redis",
        "resource",
        "sqlite",
        "tcp",
        "tls_expiry",
    }


@KINDS
def test_a_kind_and_its_fields_have_words(kind: type[AnyCheckKind]) -> None:
    assert f"check_kind.type.{kind.TYPE}" in TEXTS
    schema = kind.CONFIG.model_json_schema()
    used: set[str] = set()
    for name, field in schema["properties"].items():
        assert {"label", "group", "order"} <= field.keys(), name
        used |= {field[hint] for hint in ("label", "group", "help", "unit") if field.get(hint)}
        if prefix := field.get("choices"):
            used |= {f"{prefix}.{value}" for value in _choices(schema, field)}
    assert used - TEXTS == set()


@KINDS
def test_secrets_are_sealed_and_nothing_else_is(kind: type[AnyCheckKind]) -> None:
    secret = {name for name, field in kind.CONFIG.model_fields.items() if field.annotation is SecretStr}
    assert set(kind.SECRET_FIELDS) == secret


@KINDS
def test_a_kind_has_room_for_a_form(kind: type[AnyCheckKind]) -> None:
    orders = [field["order"] for field in kind.CONFIG.model_json_schema()["properties"].values()]
    assert orders == sorted(set(orders))
    assert min(orders) >= 100  # below stand the fields of every service


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_every_reason_has_words(file: Path) -> None:
    reasons = {f"check.{code}" for code in _reasons(ast.parse(file.read_text(encoding="utf-8")))}
    assert reasons - TEXTS == set()


def test_reasons_are_found_at_all() -> None:
    source = inspect.getsource(inspect.getmodule(CheckTypes) or pytest)
    assert set(_reasons(ast.parse(source))) == set()
    made = 'reason = "a" if x else "b"\nCheckResult(Outcome.OK, "c")\nx = Outcome.OK, "d"'
    assert set(_reasons(ast.parse(made))) == {"a", "b", "c", "d"}


def _choices(schema: Mapping[str, JSON], field: Mapping[str, JSON]) -> Iterator[str]:
    reference = str(field.get("$ref") or "").rpartition("/")[2]
    definitions = schema.get("$defs")
    assert isinstance(definitions, dict)
    shape = definitions[reference]
    assert isinstance(shape, dict)
    values = shape["enum"]
    assert isinstance(values, list)
    yield from map(str, values)


def _reasons(tree: ast.AST) -> Iterator[str]:
    """Codes given to a result, also by way of a name `reason` or of a pair with an outcome."""
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "CheckResult" and len(node.args) > 1:
            given = [node.args[1]]
        elif isinstance(node, ast.Tuple) and node.elts and ast.unparse(node.elts[0]).startswith("Outcome."):
            given = node.elts[1:2]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                given += _given_to_reason(target, node.value)
        for expression in given:
            # The condition of `a if x else b` is no code.
            parts = (
                [expression.body, expression.orelse] if isinstance(expression, ast.IfExp) else [expression]
            )
            for part in parts:
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    yield part.value


def _given_to_reason(target: ast.expr, value: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Name) and target.id == "reason":
        return [value]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [
            expression
            for name, expression in zip(target.elts, value.elts, strict=True)
            if isinstance(name, ast.Name) and name.id == "reason"
        ]
    return []
