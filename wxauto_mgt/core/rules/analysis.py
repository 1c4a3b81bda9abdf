"""Findings about rules that are valid but hardly meant: rules that never match, ties, missing objects.

Shown while rules are edited; changes nothing. It may miss something, it does not guess: see `analyse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from wxauto_mgt.core.rules.model import (
    EVERY_INSTANCE,
    ChatKindCondition,
    ContentMatch,
    RuleConfig,
)
from wxauto_mgt.core.rules.patterns import Pattern, read_content_pattern, read_name_pattern
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.user_regex import UserRegex


class FindingCode(StrEnum):
    """Texts stand under `rule_finding.<code>`."""

    SHADOWED = "shadowed"  # every message that it matches goes to an earlier rule
    TIE = "tie"  # same priority, common messages, different outcome: only the id decides
    UNKNOWN_INSTANCE = "unknown_instance"
    DISABLED_INSTANCE = "disabled_instance"
    UNKNOWN_PLATFORM = "unknown_platform"
    DISABLED_PLATFORM = "disabled_platform"
    AT_IN_FRIEND_CHAT = "at_in_friend_chat"  # nobody mentions anybody there


@dataclass(frozen=True)
class Finding:
    """One remark about one rule; `other_rule_id` names the rule that it collides with."""

    rule_id: str
    code: FindingCode
    params: Mapping[str, Fact] = field(default_factory=dict)
    other_rule_id: str | None = None

    @property
    def never_matches(self) -> bool:
        """Whether the rule is without any effect."""
        return self.code in (
            FindingCode.SHADOWED,
            FindingCode.UNKNOWN_INSTANCE,
            FindingCode.DISABLED_INSTANCE,
        )


@dataclass(frozen=True)
class _Names:
    pattern: Pattern
    regex: UserRegex | None

    def covers(self, other: _Names) -> bool:
        """Whether every name of the other pattern is certain to satisfy this one."""
        if self.pattern.is_everything:
            return True
        if self.regex is not None and other.pattern.words:
            return all(self.regex.occurs_in(word) for word in other.pattern.words)
        if self.regex is not None:
            return self.pattern.regex == other.pattern.regex
        return bool(other.pattern.words) and other.pattern.words <= self.pattern.words

    def overlaps(self, other: _Names) -> bool:
        """Whether some name is certain to satisfy both; unsure means no."""
        if self.pattern.is_everything or other.pattern.is_everything:
            return True
        if self.regex is not None:
            return self.covers(other) or any(self.regex.occurs_in(word) for word in other.pattern.words)
        if other.regex is not None:
            return other.overlaps(self)
        return bool(self.pattern.words & other.pattern.words)


@dataclass(frozen=True)
class _ReadRule:
    config: RuleConfig
    chat: _Names
    sender: _Names
    content: Pattern

    @property
    def outcome(self) -> tuple[object, ...]:
        """What a message gets from the rule; two equal outcomes are no conflict."""
        rule = self.config
        return (rule.platform, rule.at_sender, rule.quote, rule.typing, rule.delay_s)


def analyse(
    rules: Iterable[RuleConfig], *, instances: Mapping[str, bool], platforms: Mapping[str, bool]
) -> tuple[Finding, ...]:
    """Find what is odd about the enabled rules, in the order in which they are tried.

    A rule counts as shadowed only where one earlier rule covers it whole, condition by condition. Several
    rules that cover it together, and expressions that happen to mean the same, are not seen. A chat whose
    name is a whole comma list is left out of account. Time grows with the square of the number of rules.

    Args:
        instances: every instance and whether it is enabled; `platforms` likewise.
    """
    ordered = [_read(rule) for rule in sorted(rules, key=lambda rule: rule.order_key) if rule.enabled]
    findings: list[Finding] = []
    for position, rule in enumerate(ordered):
        findings += _of_objects(rule.config, instances, platforms)
        findings += _of_order(rule, ordered[:position])
    return tuple(findings)


def analyse_one(
    rule: RuleConfig,
    others: Iterable[RuleConfig],
    *,
    instances: Mapping[str, bool],
    platforms: Mapping[str, bool],
) -> tuple[Finding, ...]:
    """Find what is odd about one rule that is being edited, and which others it would shadow or tie with."""
    if not rule.enabled:
        return ()
    edited = _read(rule)
    findings = _of_objects(rule, instances, platforms)
    rest = sorted((other for other in others if other.enabled and other.id != rule.id), key=_order)
    findings += _of_order(edited, [_read(other) for other in rest if _order(other) < _order(rule)])
    for other in rest:
        if _order(other) > _order(rule):
            findings += _of_order(_read(other), [edited])
    return tuple(findings)


def _order(rule: RuleConfig) -> tuple[int, str]:
    return rule.order_key


def _read(rule: RuleConfig) -> _ReadRule:
    return _ReadRule(rule, _names(rule.chat), _names(rule.sender), read_content_pattern(rule.content))


def _names(text: str) -> _Names:
    pattern = read_name_pattern(text)
    return _Names(pattern, UserRegex(pattern.regex) if pattern.regex else None)


def _of_objects(
    rule: RuleConfig, instances: Mapping[str, bool], platforms: Mapping[str, bool]
) -> list[Finding]:
    findings: list[Finding] = []
    if rule.instance != EVERY_INSTANCE and not instances.get(rule.instance, False):
        known = rule.instance in instances
        code = FindingCode.DISABLED_INSTANCE if known else FindingCode.UNKNOWN_INSTANCE
        findings.append(Finding(rule.id, code, {"instance": rule.instance}))
    if rule.platform is not None and not platforms.get(rule.platform, False):
        known = rule.platform in platforms
        code = FindingCode.DISABLED_PLATFORM if known else FindingCode.UNKNOWN_PLATFORM
        findings.append(Finding(rule.id, code, {"platform": rule.platform}))
    if rule.only_at and rule.chat_kind is ChatKindCondition.FRIEND:
        findings.append(Finding(rule.id, FindingCode.AT_IN_FRIEND_CHAT))
    return findings


def _of_order(rule: _ReadRule, earlier: Sequence[_ReadRule]) -> list[Finding]:
    """The first earlier rule that covers this one, or else each one that it ties with."""
    for other in earlier:
        if _covers(other, rule):
            return [_collision(rule, other, FindingCode.SHADOWED)]
    return [
        _collision(rule, other, FindingCode.TIE)
        for other in reversed(earlier)
        if other.config.priority == rule.config.priority
        and other.outcome != rule.outcome
        and _overlap(other, rule)
    ]


def _collision(rule: _ReadRule, other: _ReadRule, code: FindingCode) -> Finding:
    return Finding(rule.config.id, code, {"rule": other.config.id}, other.config.id)


def _covers(wide: _ReadRule, narrow: _ReadRule) -> bool:
    """Whether every message that `narrow` matches is certain to match `wide` too."""
    a, b = wide.config, narrow.config
    return (
        a.instance in (EVERY_INSTANCE, b.instance)
        and a.chat_kind in (ChatKindCondition.ANY, b.chat_kind)
        and wide.chat.covers(narrow.chat)
        and wide.sender.covers(narrow.sender)
        and _content_covers(wide, narrow)
        and (not a.only_at or (b.only_at and set(b.at_names) <= set(a.at_names)))
    )


def _content_covers(wide: _ReadRule, narrow: _ReadRule) -> bool:
    if wide.content.is_everything:
        return True
    if wide.content.regex:
        return wide.content.regex == narrow.content.regex
    if not narrow.content.words:
        return False
    # A message of `narrow` holds some of its keywords, or all: a keyword inside them is certain to occur.
    some_suffice: Callable[[Iterable[bool]], bool]
    some_suffice = any if narrow.config.content_match is ContentMatch.ALL else all
    if wide.config.content_match is ContentMatch.ALL:
        return all(some_suffice(word in held for held in narrow.content.words) for word in wide.content.words)
    return some_suffice(any(word in held for word in wide.content.words) for held in narrow.content.words)


def _overlap(one: _ReadRule, other: _ReadRule) -> bool:
    """Whether some message is certain to satisfy both; unsure means no."""
    a, b = one.config, other.config
    return (
        (a.instance == b.instance or EVERY_INSTANCE in (a.instance, b.instance))
        and (a.chat_kind == b.chat_kind or ChatKindCondition.ANY in (a.chat_kind, b.chat_kind))
        and one.chat.overlaps(other.chat)
        and one.sender.overlaps(other.sender)
        and _content_overlaps(one.content, other.content)
    )


def _content_overlaps(one: Pattern, other: Pattern) -> bool:
    # Keywords of both can always stand in one message; about two different expressions nothing is certain.
    if one.regex and other.regex:
        return one.regex == other.regex
    return not (one.regex or other.regex) or one.is_everything or other.is_everything
