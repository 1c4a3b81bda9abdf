"""Finds the rule for a message and says of each rule why it did or did not match.

Owns the order of rules and the verdicts; not what happens next. The delivery worker matches, the window
explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wxauto_mgt.core.rules.compiled import (
    CompiledRule,
    FilingKey,
    FoldedFacts,
    Indexes,
    LiteralIndex,
    RegexIndex,
)
from wxauto_mgt.core.rules.facts import MessageFacts, Reason
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.errors import Fact


@dataclass(frozen=True)
class RuleVerdict:
    """One rule's answer to one message; params never hold the message's text."""

    rule_id: str
    matched: bool
    reason: Reason
    params: Mapping[str, Fact]


class RuleSet:
    """All rules, compiled and indexed. Immutable: a changed configuration makes a new one.

    Each enabled rule is filed under its most selective condition, so that a message is compared with the few
    rules that can match it.

    Args:
        rules: in any order; tried by priority, high first, equal ones by id.
    """

    def __init__(self, rules: Iterable[RuleConfig]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.order_key))
        chats, senders, contents = RegexIndex(), RegexIndex(), RegexIndex()
        self._compiled = tuple(
            CompiledRule(rule, chats=chats, senders=senders, contents=contents) for rule in self.rules
        )
        self._indexes = Indexes(
            chat_regexes=chats.build(),
            sender_regexes=senders.build(),
            content_regexes=contents.build(),
            keywords=LiteralIndex(keyword for rule in self._compiled for keyword in rule.keywords),
            marks=LiteralIndex(mark for rule in self._compiled for mark in rule.marks),
        )
        self._filed: dict[FilingKey, list[int]] = {}
        for position, rule in enumerate(self._compiled):
            if rule.config.enabled:
                for key in rule.filing_keys():
                    self._filed.setdefault(key, []).append(position)

    def match(self, facts: MessageFacts) -> RuleConfig | None:
        """Return the first rule that matches; `explain` says why it is that one."""
        folded = FoldedFacts(facts, self._indexes)
        candidates = {position for key in folded.filing_keys() for position in self._filed.get(key, ())}
        for position in sorted(candidates):
            rule = self._compiled[position]
            if rule.obstacle(folded) is None:
                return rule.config
        return None

    def explain(self, facts: MessageFacts) -> tuple[RuleVerdict, ...]:
        """Say of each rule why it did or did not match."""
        folded = FoldedFacts(facts, self._indexes)
        verdicts: list[RuleVerdict] = []
        winner = ""
        for rule in self._compiled:
            reason = Reason.DISABLED
            if rule.config.enabled:
                reason = rule.obstacle(folded) or (Reason.OUTRANKED if winner else Reason.MATCHED)
            if reason is Reason.MATCHED:
                winner = rule.config.id
            params = _params(reason, rule.config, facts, winner)
            verdicts.append(RuleVerdict(rule.config.id, reason is Reason.MATCHED, reason, params))
        return tuple(verdicts)


def _params(reason: Reason, rule: RuleConfig, facts: MessageFacts, winner: str) -> dict[str, Fact]:
    match reason:
        case Reason.OTHER_INSTANCE:
            return {"wanted": rule.instance, "actual": facts.instance_id}
        case Reason.OTHER_CHAT:
            return {"wanted": rule.chat, "actual": facts.chat}
        case Reason.OTHER_CHAT_KIND | Reason.CHAT_KIND_UNKNOWN:
            return {"wanted": rule.chat_kind.value, "actual": facts.chat_kind.value}
        case Reason.OTHER_SENDER:
            return {"wanted": rule.sender, "actual": facts.sender}
        case Reason.CONTENT_DIFFERS:
            return {"wanted": rule.content}
        case Reason.NOT_MENTIONED:
            return {"wanted": ", ".join(rule.at_names)}
        case Reason.OUTRANKED:
            return {"rule": winner}
        case _:
            return {}
