"""A rule made ready for comparison, and a message's facts folded once for all rules.

Owns the conditions, one by one; `matcher.py` owns the order of rules and what is told about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from wxauto_mgt.core.rules.facts import MessageFacts, Reason
from wxauto_mgt.core.rules.mentions import mentions_any
from wxauto_mgt.core.rules.model import EVERY_INSTANCE, ChatKindCondition, ContentMatch, RuleConfig
from wxauto_mgt.core.rules.patterns import (
    Pattern,
    folded_name,
    folded_text,
    read_content_pattern,
    read_name_pattern,
)
from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.runtime.user_regex import UserRegexSet

FilingKey = tuple[str, str | int]
EVERY_MESSAGE: Final[FilingKey] = ("every", "")


class RegexIndex:
    """Collects the expressions of all rules for one subject; a rule remembers positions only."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}

    def position_of(self, pattern: Pattern) -> int | None:
        """The position of a pattern's expression, added when new; None where it has none."""
        return self._positions.setdefault(pattern.regex, len(self._positions)) if pattern.regex else None

    def build(self) -> UserRegexSet:
        """The set that answers by those positions."""
        return UserRegexSet(tuple(self._positions))


class LiteralIndex:
    """Many short texts, found in a long one by way of their first characters."""

    def __init__(self, literals: Iterable[str]) -> None:
        self._by_first: dict[str, list[str]] = {}
        for literal in sorted(set(literals)):
            self._by_first.setdefault(literal[0], []).append(literal)

    def found_in(self, text: str) -> Iterator[str]:
        """Those that occur in the text."""
        for first in self._by_first.keys() & set(text):
            for literal in self._by_first[first]:
                if literal in text:
                    yield literal


@dataclass(frozen=True)
class Indexes:
    """What all rules together look for in a message."""

    chat_regexes: UserRegexSet
    sender_regexes: UserRegexSet
    content_regexes: UserRegexSet
    keywords: LiteralIndex
    marks: LiteralIndex


class FoldedFacts:
    """A message's facts, folded once; expressions are matched when the first rule asks."""

    def __init__(self, facts: MessageFacts, indexes: Indexes) -> None:
        self._facts = facts
        self._indexes = indexes
        self.instance_id = facts.instance_id
        self.chat = folded_name(facts.chat)
        self.chat_kind = facts.chat_kind
        self.sender = folded_name(facts.sender)
        self.mentioning = folded_name(facts.searched_content)
        self.content = folded_text(facts.searched_content)

    @cached_property
    def chat_hits(self) -> frozenset[int]:
        return self._indexes.chat_regexes.matching(self.chat)

    @cached_property
    def sender_hits(self) -> frozenset[int]:
        return self._indexes.sender_regexes.matching(self.sender)

    @cached_property
    def content_hits(self) -> frozenset[int]:
        return self._indexes.content_regexes.matching(self._facts.searched_content)

    def filing_keys(self) -> Iterator[FilingKey]:
        """All keys under which a rule that matches this message may be filed."""
        yield EVERY_MESSAGE
        yield ("instance", self.instance_id)
        yield ("chat", self.chat)
        yield ("sender", self.sender)
        for hit in self.chat_hits:
            yield ("chat_regex", hit)
        for hit in self.sender_hits:
            yield ("sender_regex", hit)
        for hit in self.content_hits:
            yield ("content_regex", hit)
        for keyword in self._indexes.keywords.found_in(self.content):
            yield ("keyword", keyword)
        for mark in self._indexes.marks.found_in(self.mentioning):
            yield ("mark", mark)


class CompiledRule:
    """One rule made ready for comparison."""

    def __init__(
        self, config: RuleConfig, *, chats: RegexIndex, senders: RegexIndex, contents: RegexIndex
    ) -> None:
        self.config = config
        self.instance = None if config.instance == EVERY_INSTANCE else config.instance
        self.chat_kind = config.chat_kind
        chat, sender = read_name_pattern(config.chat), read_name_pattern(config.sender)
        content = read_content_pattern(config.content)
        self.chats, self.chat_regex = chat.names, chats.position_of(chat)
        self.senders, self.sender_regex = sender.names, senders.position_of(sender)
        self.keywords, self.content_regex = content.words, contents.position_of(content)
        self.all_keywords = config.content_match is ContentMatch.ALL
        self.marks = tuple(f"@{name}" for name in config.at_names) if config.only_at else ()

    def obstacle(self, facts: FoldedFacts) -> Reason | None:
        """The first condition that the message does not satisfy; None when it satisfies all."""
        if self.instance is not None and self.instance != facts.instance_id:
            return Reason.OTHER_INSTANCE
        if self.chats and facts.chat not in self.chats:
            return Reason.OTHER_CHAT
        if self.chat_regex is not None and self.chat_regex not in facts.chat_hits:
            return Reason.OTHER_CHAT
        if self.chat_kind is not ChatKindCondition.ANY and not self.chat_kind.accepts(facts.chat_kind):
            unknown = facts.chat_kind is ChatKind.UNKNOWN
            return Reason.CHAT_KIND_UNKNOWN if unknown else Reason.OTHER_CHAT_KIND
        if self.senders and facts.sender not in self.senders:
            return Reason.OTHER_SENDER
        if self.sender_regex is not None and self.sender_regex not in facts.sender_hits:
            return Reason.OTHER_SENDER
        if self.keywords and not self._has_keywords(facts.content):
            return Reason.CONTENT_DIFFERS
        if self.content_regex is not None and self.content_regex not in facts.content_hits:
            return Reason.CONTENT_DIFFERS
        if self.marks and not mentions_any(facts.mentioning, self.marks):
            return Reason.NOT_MENTIONED
        return None

    def filing_keys(self) -> tuple[FilingKey, ...]:
        """Where to file the rule: each message that it matches has at least one of these keys.

        The condition likely to be met least often is chosen; the order is a judgement.
        """
        if self.chats:
            return tuple(("chat", chat) for chat in self.chats)
        if self.senders:
            return tuple(("sender", sender) for sender in self.senders)
        if self.chat_regex is not None:
            return (("chat_regex", self.chat_regex),)
        if self.keywords and self.all_keywords:
            return (("keyword", max(self.keywords, key=len)),)
        if self.keywords:
            return tuple(("keyword", keyword) for keyword in self.keywords)
        if self.content_regex is not None:
            return (("content_regex", self.content_regex),)
        if self.marks:
            return tuple(("mark", mark) for mark in self.marks)
        if self.sender_regex is not None:
            return (("sender_regex", self.sender_regex),)
        return (("instance", self.instance),) if self.instance is not None else (EVERY_MESSAGE,)

    def _has_keywords(self, content: str) -> bool:
        if self.all_keywords:
            return all(keyword in content for keyword in self.keywords)
        return any(keyword in content for keyword in self.keywords)
