"""The pages stand alone: nothing from other hosts, scripts and styles named by their hashes."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.api.http.served import Answer, Served


def hash_of(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def assert_stands_alone(page: Answer) -> None:
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"(src|href|action)\s*=|@import|url\(", page.text)
    assert not re.search(r"\son\w+=", page.text)
    for tag in ("script", "style"):
        for source in re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page.text, re.DOTALL):
            assert hash_of(source) in policy, tag


async def test_the_login_page_is_public_in_both_languages(served: Served) -> None:
    chinese = await served.get("/login", token=None, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    english = await served.get("/login", token=None, headers={"Accept-Language": "fr, en-GB"})
    for page in (chinese, english):
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert_stands_alone(page)
        assert "{{" not in page.text
    assert 'lang="zh-CN"' in chinese.text
    assert "登录" in chinese.text
    assert "Log in" in english.text
    for secret in served.tokens.values():
        assert secret not in chinese.text


async def test_the_login_page_is_a_watched_service(served: Served) -> None:
    assert served.application.http.login_url() == f"{served.url}/login"


async def test_the_operations_need_a_token_and_load_nothing(served: Served) -> None:
    assert (await served.get("/docs", token=None)).status == 401
    page = await served.get("/docs", token="read")
    assert page.status == 200
    assert_stands_alone(page)
    for path in (
        "/api/monitor/get_service_status",
        "/monitoring/alerts/rules",
        "/health/service/{service_name}",
    ):
        assert path in page.text
