"""What the contract suite needs to know about each channel: a good configuration, bad ones, planted secrets.

A channel that is registered without a case here fails the suite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from wxauto_mgt.core.config.model import JSON

SECRET: Final = "planted-0123456789"
_HOOK: Final[dict[str, JSON]] = {"webhook_url": f"http://127.0.0.1:9/hook?key={SECRET}"}


@dataclass(frozen=True)
class ChannelCase:
    """Sample data of one channel.

    Attributes:
        config: accepted; addresses point to where nothing listens; secrets hold `SECRET`.
        refused: a changed configuration and the field that the refusal must name.
        fails_with: how a send ends with this configuration; empty where it arrives.
        address_field: the field that a test points to a server that never answers.
    """

    config: dict[str, JSON]
    refused: list[tuple[dict[str, JSON], str]] = field(default_factory=list)
    fails_with: str = "channel_unreachable"
    address_field: str = "webhook_url"


def _bad_hooks(good: dict[str, JSON]) -> list[tuple[dict[str, JSON], str]]:
    bad: list[JSON] = [
        "",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "127.0.0.1:9/hook",
        "http://user:pass@127.0.0.1/x",
        "http://127.0.0.1/a b",
        "http://",
        "http://127.0.0.1:99999/",
        5,
    ]
    return [({**good, "webhook_url": value}, "config.webhook_url") for value in bad]


_SIGNED: Final[dict[str, JSON]] = {**_HOOK, "secret": f"SEC-{SECRET}"}
_WEBHOOK: Final[dict[str, JSON]] = {**_HOOK, "authorization": f"Bearer {SECRET}"}
_MAIL: Final[dict[str, JSON]] = {
    "host": "127.0.0.1",
    "port": 9,
    "security": "insecure",
    "username": "ops",
    "password": SECRET,
    "sender": "console@example.org",
    "recipients": ["a@example.org"],
}

CASES: Final[dict[str, ChannelCase]] = {
    "dingtalk": ChannelCase(_SIGNED, [*_bad_hooks(_SIGNED), ({**_SIGNED, "secret": 5}, "config.secret")]),
    "feishu": ChannelCase(_SIGNED, _bad_hooks(_SIGNED)),
    "wecom": ChannelCase(_HOOK, _bad_hooks(_HOOK)),
    "slack": ChannelCase(_HOOK, _bad_hooks(_HOOK)),
    "webhook": ChannelCase(
        _WEBHOOK,
        [*_bad_hooks(_WEBHOOK), ({**_WEBHOOK, "authorization": "a\r\nX: 1"}, "config.authorization")],
    ),
    "email": ChannelCase(
        _MAIL,
        [
            ({**_MAIL, "host": "mail.example.org/?x=1"}, "config.host"),
            ({**_MAIL, "port": 70_000}, "config.port"),
            ({**_MAIL, "security": "plain"}, "config.security"),
            ({**_MAIL, "sender": "a@b, c@d"}, "config.sender"),
            ({**_MAIL, "sender": "a@example.org\r\nBcc: x@example.org"}, "config.sender"),
            ({**_MAIL, "recipients": []}, "config.recipients"),
            ({**_MAIL, "recipients": ["nobody"]}, "config.recipients.0"),
        ],
        fails_with="channel_service_failed",
        address_field="",
    ),
    "apprise": ChannelCase(
        {"url": f"json://127.0.0.1:9/{SECRET}"},
        [({"url": "127.0.0.1"}, "config.url"), ({"url": "json://a b"}, "config.url")],
        fails_with="channel_service_failed",
        address_field="",
    ),
    "in_app": ChannelCase({}, fails_with="", address_field=""),
    "console": ChannelCase({}, fails_with="channel_no_terminal", address_field=""),
    "desktop": ChannelCase({}, fails_with="channel_no_window", address_field=""),
}
