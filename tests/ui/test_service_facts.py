"""Everything that a built-in check can put into evidence has a name in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wxauto_mgt.core.monitoring as monitoring
from tests.ui.stage import make_words
from wxauto_mgt.core.instances.liveness import EvidenceKind
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import Fact
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.pages.services.wording import fact_lines

FOLDER = Path(str(monitoring.__file__)).parent
SOURCES = (*sorted((FOLDER / "checks").glob("*.py")), *sorted((FOLDER / "services").glob("*.py")))
# What functions hand back that gather evidence on a thread or from an answer.
GATHERERS = ("_evidence", "_look")


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _keys_of(node: ast.expr | None) -> Iterator[str]:
    """The literal keys of a mapping."""
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _texts(key)


def _is_evidence(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "evidence"


def evidence_keys(tree: ast.AST) -> Iterator[str]:
    """Every key that a source puts into evidence by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CheckResult":
            given = node.args[3] if len(node.args) > 3 else None
            named = [word.value for word in node.keywords if word.arg == "evidence"]
            for mapping in (given, *named):
                yield from _keys_of(mapping)
        elif isinstance(node, ast.AnnAssign) and _is_evidence(node.target):
            yield from _keys_of(node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if _is_evidence(target):
                    yield from _keys_of(node.value)
                elif isinstance(target, ast.Subscript) and _is_evidence(target.value):
                    yield from _texts(target.slice)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in GATHERERS:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.AnnAssign | ast.Assign):
                    yield from _keys_of(inner.value)
                if isinstance(inner, ast.For) and isinstance(inner.iter, ast.Tuple):
                    for element in inner.iter.elts:
                        yield from _texts(element)


KEYS = sorted({key for file in SOURCES for key in evidence_keys(ast.parse(file.read_text("utf-8")))})

# Facts of the proofs that an instance works, and of the platforms' own tests.
KEYS_FROM_BELOW = ("at", "count", "cause", "channels", "rules", "model")


def test_the_sources_are_read_as_they_are_written() -> None:
    # One key of each way in which evidence is filled.
    assert {"connect_ms", "status", "round_trip_ms", "finding", "used_memory_mb", "role", "pids"} <= set(KEYS)


@pytest.mark.parametrize("language", list(Language))
def test_every_fact_of_a_check_has_a_name(language: Language) -> None:
    texts = Catalogue(language)
    assert [key for key in (*KEYS, *KEYS_FROM_BELOW) if not texts.has(f"services.fact.{key}")] == []


@pytest.mark.parametrize("language", list(Language))
def test_every_proof_of_an_instance_has_a_name(language: Language) -> None:
    texts = Catalogue(language)
    assert [kind for kind in EvidenceKind if not texts.has(f"services.fact_of.{kind}")] == []


def test_facts_are_shown_in_words() -> None:
    words = make_words(PlatformTypes(BUILT_IN))
    facts: dict[str, Fact] = {
        "sessions.count": 12,
        "last_failure.cause": "ConnectionRefusedError",
        "kinds": "sessions",
        "in_recovery": False,
        "test": "platform_test.keyword_ready",
        "rules": 3,
        "pushed_at": "2026-01-02T03:04:05+00:00",
        "of_a_plugin": "x",
    }
    shown = dict(fact_lines(words, facts))
    assert shown["会话列表 · 数量"] == "12"
    assert shown["最近一次失败 · 原因"].startswith("连接被拒绝")
    assert shown["是从库"] == "否"
    assert shown["测试"] == words("platform_test.keyword_ready", rules=3)
    assert shown["上报时间"].startswith("2026")
    assert "T" not in shown["上报时间"]
    assert shown["of_a_plugin"] == "x"
    assert "sessions" not in shown.values()
