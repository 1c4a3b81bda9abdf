"""Which stored secret a document gets that leaves one out."""

from __future__ import annotations

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.config.sealing import keep_stored_secrets

PATHS = ("key", "steps.0.token", "steps.1.token", "steps.2.token")


def row(url: str, token: JSON = None, **more: JSON) -> dict[str, JSON]:
    return {"action": "call", "url": url, **({} if token is None else {"token": token}), **more}


STORED: dict[str, JSON] = {"key": "v1:k", "steps": [row("a", "v1:ta"), row("b", "v1:tb")]}


def kept(*steps: dict[str, JSON]) -> list[JSON]:
    """The tokens that rows get which bring none."""
    document: dict[str, JSON] = {"steps": list(steps)}
    keep_stored_secrets(document, STORED, PATHS, lambda _sealed: None)
    assert document["key"] == "v1:k"
    rows = document["steps"]
    assert isinstance(rows, list)
    return [step.get("token") for step in rows if isinstance(step, dict)]


def test_rows_keep_their_secrets_where_they_are_and_when_they_are_moved() -> None:
    assert kept(row("a"), row("b")) == ["v1:ta", "v1:tb"]
    assert kept(row("b"), row("a")) == ["v1:tb", "v1:ta"]
    assert kept(row("b")) == ["v1:tb"]
    assert kept(row("a", timeout_s=5.0, enabled=False), row("b")) == ["v1:ta", "v1:tb"]


def test_a_row_that_sends_elsewhere_gets_nobodys_secret() -> None:
    assert kept(row("c"), row("b")) == [None, "v1:tb"]
    assert kept(row("a"), row("c"), row("b")) == ["v1:ta", None, "v1:tb"]
    assert kept({"action": "other", "url": "a"}) == [None]
