"""What the contract suite needs to know about each plugin: a good configuration, bad ones, planted secrets.

A plugin that is registered without a case here fails the suite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from wxauto_mgt.core.config.model import JSON

SECRET: Final = "sk-planted-0123456789"


@dataclass(frozen=True)
class PluginCase:
    """Sample data of one plugin.

    Attributes:
        config: accepted; addresses point to where nothing listens; secrets are `SECRET`.
        refused: a changed configuration and the field that the refusal must name.
        needs_network: whether a test or a reply cannot succeed with this configuration.
    """

    config: dict[str, JSON]
    refused: list[tuple[dict[str, JSON], str]] = field(default_factory=list)
    needs_network: bool = True


def keyword_rule(**fields: JSON) -> dict[str, JSON]:
    return {"keywords": ["你好"], "replies": ["您好"], **fields}


def _keyword(**fields: JSON) -> dict[str, JSON]:
    return {"rules": [keyword_rule(), keyword_rule(**fields)]}


_OPENAI: Final[dict[str, JSON]] = {"base_url": "http://127.0.0.1:9/v1", "api_key": SECRET, "model": "m"}

CASES: Final[dict[str, PluginCase]] = {
    "keyword": PluginCase(
        config=_keyword(),
        needs_network=False,
        refused=[
            ({"rules": []}, "config.rules"),
            ({}, "config.rules"),
            (_keyword(keywords=[]), "config.rules.1.keywords"),
            (_keyword(keywords="你好"), "config.rules.1.keywords"),
            (_keyword(keywords=["好", " "]), "config.rules.1.keywords"),
            (_keyword(keywords=["(?=a)"], match_type="regex"), "config.rules.1.keywords"),
            (_keyword(match_type="sounds"), "config.rules.1.match_type"),
            (_keyword(replies=[""]), "config.rules.1.replies"),
            (_keyword(replies=[1]), "config.rules.1.replies.0"),
            (_keyword(random="no"), "config.rules.1.random"),
            (_keyword(min_reply_time=3, max_reply_time=2), "config.rules.1.max_reply_time"),
            (_keyword(min_reply_time=-1), "config.rules.1.min_reply_time"),
            (_keyword(reply="您好"), "config.rules.1.reply"),
        ],
    ),
    "openai": PluginCase(
        config=_OPENAI,
        refused=[
            ({**_OPENAI, "base_url": "ftp://127.0.0.1/v1"}, "config.base_url"),
            ({**_OPENAI, "base_url": "http://user:pass@127.0.0.1/v1"}, "config.base_url"),
            ({**_OPENAI, "base_url": "127.0.0.1:9000"}, "config.base_url"),
            ({**_OPENAI, "api_key": 5}, "config.api_key"),
            ({**_OPENAI, "api_key": "sk-\r\nX: 1"}, "config.api_key"),
            ({**_OPENAI, "model": " "}, "config.model"),
            ({**_OPENAI, "timeout_s": 0}, "config.timeout_s"),
            ({**_OPENAI, "temperature": 2.1}, "config.temperature"),
            ({**_OPENAI, "max_tokens": 0}, "config.max_tokens"),
            ({**_OPENAI, "history_turns": 51}, "config.history_turns"),
            ({**_OPENAI, "stream": True}, "config.stream"),
        ],
    ),
}
