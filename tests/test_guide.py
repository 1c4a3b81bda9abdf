"""The examples in the guides: what they show as configuration is accepted, what they import exists."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.environment import FREE_PORT
from wxauto_mgt.app import Application

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = r"^```%s\n(.*?)^```"
OF_OTHERS = ("scrape_configs:",)
VARIABLES = re.compile(r"\$\{([A-Z_]+)\}")
NAMED_IN_THEM = """
instances: [{id: pc1, name: 本机, base_url: "http://127.0.0.1:5000", api_key: key}]
channels: [{id: ops, type: in_app}]
services: [{name: tts, check: {type: tcp, port: 7000}}]
"""
SET = "https://robot.example.com/hook"


def examples(language: str) -> list[pytest.ParameterSet]:
    """The blocks in one language, each named by its line."""
    found = []
    for guide in sorted(DOCS.glob("guide*.md")):
        text = guide.read_text(encoding="utf-8")
        for match in re.finditer(BLOCK % language, text, re.DOTALL | re.MULTILINE):
            if not match[1].startswith(OF_OTHERS):
                line = text.count("\n", 0, match.start()) + 2
                found.append(pytest.param(match[1], id=f"{guide.name}:{line}"))
    return found


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Application]:
    texts = [guide.read_text(encoding="utf-8") for guide in DOCS.glob("guide*.md")]
    variables = {name: SET for text in texts for name in VARIABLES.findall(text)}
    application = await Application.open(data_dir=tmp_path, environment={**FREE_PORT, **variables})
    yield application
    await application.stop()


@pytest.mark.parametrize("example", examples("yaml"))
async def test_an_example_is_accepted(console: Application, example: str) -> None:
    take = console.config.import_document
    await take(NAMED_IN_THEM, filename="before.yaml", replace=False, who="test")
    taken = await take(example, filename="example.yaml", replace=False, who="test")
    assert taken.added + taken.updated


@pytest.mark.parametrize("example", examples("python"))
def test_what_an_example_imports_is_there(example: str) -> None:
    whole = compile(example, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(whole, ast.Module)
    imports: list[ast.stmt] = [node for node in whole.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "example", "exec"), {})


def test_both_guides_have_the_same_chapters() -> None:
    chinese, english = ((DOCS / name).read_text(encoding="utf-8") for name in ("guide.zh-CN.md", "guide.md"))
    for pattern in (r"^#+ ", r"^```\w*$", r"^\|"):
        counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (chinese, english)]
        assert counts[0] == counts[1], pattern
