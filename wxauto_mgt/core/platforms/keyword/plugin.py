"""The `keyword` platform. Answers at once and alone; the delay that it wishes is waited by the sender."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.platforms.contract import (
    Platform,
    PlatformReply,
    PlatformRequest,
    PluginContext,
    TestResult,
)
from wxauto_mgt.core.platforms.keyword.config import KeywordConfig, KeywordRule
from wxauto_mgt.core.platforms.keyword.matching import matcher_of


class KeywordPlatform(Platform[KeywordConfig]):
    """First rule with a fitting keyword answers; without one there is nothing to say."""

    TYPE = "keyword"
    CONFIG: ClassVar[type[KeywordConfig]] = KeywordConfig

    def __init__(self, *, config: KeywordConfig, context: PluginContext) -> None:
        super().__init__(config=config, context=context)
        self._rules = [(rule, matcher_of(rule.match_type, rule.keywords)) for rule in config.rules]

    async def reply(self, request: PlatformRequest) -> PlatformReply:
        for rule, matches in self._rules:
            if matches(request.content):
                return self._answer(rule)
        return PlatformReply(texts=())

    async def test(self) -> TestResult:
        return TestResult(True, "platform_test.keyword_ready", {"rules": len(self._rules)}, 0.0)

    def _answer(self, rule: KeywordRule) -> PlatformReply:
        rng = self.context.rng
        text = rng.choice(rule.replies) if rule.random else rule.replies[0]
        return PlatformReply((text,), delay_s=rng.uniform(rule.min_reply_time, rule.max_reply_time))
