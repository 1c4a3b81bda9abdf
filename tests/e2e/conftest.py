"""One simulated server and one data folder per test, both as real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.console import FAST_SETTINGS, Console
from tests.e2e.upstream import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A server with one friend."""
    server = Upstream()
    server.do("add_chat", title="张三")
    yield server
    server.close()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """A data folder without configuration."""
    console = Console(tmp_path / "data")
    yield console
    console.cleanup()


def document(*upstreams: Upstream, reply: str = "您好") -> dict[str, object]:
    """A configuration: these servers as pc1, pc2, ..., and one rule that answers greetings."""
    return {
        "instances": [server.instance(f"pc{number}") for number, server in enumerate(upstreams, start=1)],
        "platforms": [keyword_platform(reply)],
        "rules": [
            {"id": "r1", "name": "全部", "instance": "*", "chat": "*", "platforms": ["kw"], "priority": 10}
        ],
        "settings": FAST_SETTINGS,
    }


def keyword_platform(reply: str) -> dict[str, object]:
    """A platform that answers 你好 with one sentence."""
    rule = {"keywords": ["你好"], "match_type": "contains", "replies": [reply]}
    return {"id": "kw", "name": "关键词", "type": "keyword", "config": {"rules": [rule]}}
