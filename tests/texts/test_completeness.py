"""The two languages say the same things, and what the code asks for exists."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import wxauto_mgt
from wxauto_mgt import errors
from wxauto_mgt.texts.catalogue import LOCALE_FOLDER, read_texts
from wxauto_mgt.texts.language import Language

PACKAGE = Path(wxauto_mgt.__file__).parent


def _texts(language: Language) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted(PACKAGE.rglob("*.po")):
        if file.stem == language or file.parent == LOCALE_FOLDER / language:
            texts |= read_texts(file)
    return texts


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _error_classes() -> set[str]:
    return {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, errors.ConsoleError)
        and value is not errors.ConfigError
    }


def _literal(node: ast.expr) -> tuple[str, bool] | None:
    """The text of a string argument, and whether it is only the beginning of one (an f-string)."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, False
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(first := node.values[0], ast.Constant):
        return str(first.value), True
    return None


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((word.value for word in call.keywords if word.arg == name), None)


def _keys_in(tree: ast.AST, error_classes: set[str]) -> Iterator[tuple[int, str, bool]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("text", "t"):
            argument, area = _argument(node, 0, "key"), ""
        elif called in ("PatternRefused", "refuse"):
            argument, area = _argument(node, 0, "code"), "problem."
        elif called in error_classes:
            argument, area = _argument(node, 0, "code"), "error."
        elif called == "Problem":
            argument, area = _argument(node, 2, "reason"), "problem."
        else:
            continue
        literal = _literal(argument) if argument is not None else None
        if literal is not None and literal[0]:
            yield node.lineno, area + literal[0], literal[1]


@pytest.mark.parametrize("language", list(Language))
def test_no_key_stands_in_two_files(language: Language) -> None:
    seen: dict[str, Path] = {}
    for file in sorted(PACKAGE.rglob("*.po")):
        if file.stem == language or file.parent == LOCALE_FOLDER / language:
            for key in read_texts(file):
                assert key not in seen, f"{key} stands in {seen[key]} and {file}"
                seen[key] = file


def test_both_languages_have_the_same_keys() -> None:
    chinese, english = _texts(Language.ZH_CN), _texts(Language.EN)
    assert sorted(chinese.keys() - english.keys()) == []
    assert sorted(english.keys() - chinese.keys()) == []


def test_both_languages_take_the_same_parameters() -> None:
    chinese, english = _texts(Language.ZH_CN), _texts(Language.EN)
    differing = {
        key: (chinese[key], english[key])
        for key in chinese.keys() & english.keys()
        if _placeholders(chinese[key]) != _placeholders(english[key])
    }
    assert differing == {}


def test_every_key_that_the_code_names_has_a_text() -> None:
    known = _texts(Language.ZH_CN).keys()
    error_classes = _error_classes()
    missing: list[str] = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if "simulator" in file.parts:
            continue  # stands alone and has its own words
        for line, key, is_prefix in _keys_in(ast.parse(file.read_text(encoding="utf-8")), error_classes):
            found = any(name.startswith(key) for name in known) if is_prefix else key in known
            if not found:
                missing.append(f"{file.relative_to(PACKAGE)}:{line}: {key}{'...' if is_prefix else ''}")
    assert missing == []
