"""What the rules page shows: the rules in the order in which they are tried, and what is odd about them.

Owns words; matching and analysis are the core's. Called by the rules page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.rules.analysis import Finding, analyse, analyse_one
from wxauto_mgt.core.rules.model import EVERY_INSTANCE, ChatKindCondition, RuleAction, RuleConfig
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone

RULE = "rule"
_KINDS = (RULE, "instance", "platform")


@dataclass(frozen=True)
class RuleRow:
    """One rule as the page shows it.

    Attributes:
        findings: what is odd about it, as sentences.
    """

    id: str
    name: str
    priority: int
    is_enabled: bool
    conditions: str
    action: str
    tone: Tone
    state: str
    findings: tuple[str, ...]


class RulesViewModel(QObject):
    """The rules.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(self, backstage: Backstage, *, editing: ConfigEditing) -> None:
        super().__init__()
        self._words = backstage.words
        self.editing = editing
        self.rows = self._read()
        self.switch = backstage.commands.command(self, "switch_rule", self._switch)
        editing.changes(backstage.bridge, self, *_KINDS).arrived.connect(self.refresh)
        self._words.changed.connect(self.refresh)

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    def new_document(self) -> dict[str, JSON]:
        """What the form for a new rule opens with."""
        first = next(iter(self.editing.snapshot.candidate.objects("platform")), None)
        rule_id = self.editing.free_id(RULE, "r")
        return {"id": rule_id, "platforms": [first] if first is not None else [], "priority": 10}

    def advise(self, document: dict[str, JSON]) -> str:
        """What would be odd about a rule as an unsaved form has it; nothing while it is incomplete."""
        section = self.editing.config.sections[RULE]
        try:
            rule: RuleConfig = section.parse(document)
        except ConfigError:
            return ""
        others = self.editing.snapshot.objects(RULE).values()
        findings = analyse_one(
            rule, others, instances=self._enabled("instance"), platforms=self._enabled("platform")
        )
        return "\n".join(
            self._sentence(finding, names_rule=finding.rule_id != rule.id) for finding in findings
        )

    async def _switch(self, rule_id: str, is_enabled: bool) -> None:
        draft = await self.editing.stored(RULE, rule_id)
        await self.editing.save(RULE, {**draft.document, "enabled": is_enabled})

    def _read(self) -> tuple[RuleRow, ...]:
        rules: Mapping[str, RuleConfig] = self.editing.snapshot.candidate.objects(RULE)
        findings: dict[str, list[Finding]] = {}
        for finding in self._analyse(rules.values()):
            findings.setdefault(finding.rule_id, []).append(finding)
        ordered = sorted(rules.values(), key=lambda rule: rule.order_key)
        return tuple(self._row(rule, findings.get(rule.id, [])) for rule in ordered)

    def _analyse(self, rules: Iterable[RuleConfig]) -> tuple[Finding, ...]:
        return analyse(rules, instances=self._enabled("instance"), platforms=self._enabled("platform"))

    def _row(self, rule: RuleConfig, findings: list[Finding]) -> RuleRow:
        words = self._words
        if not rule.enabled:
            tone, state = Tone.NEUTRAL, words("rules.state_disabled")
        elif any(finding.never_matches for finding in findings):
            tone, state = Tone.CRITICAL, words("rules.state_never")
        elif findings:
            tone, state = Tone.WARNING, words("rules.state_odd")
        else:
            tone, state = Tone.OK, words("rules.state_fine")
        return RuleRow(
            id=rule.id,
            name=rule.name or rule.id,
            priority=rule.priority,
            is_enabled=rule.enabled,
            conditions=self._conditions(rule),
            action=self._action(rule),
            tone=tone,
            state=state,
            findings=tuple(self._sentence(finding, names_rule=False) for finding in findings),
        )

    def _conditions(self, rule: RuleConfig) -> str:
        words = self._words
        parts = []
        if rule.instance != EVERY_INSTANCE:
            parts.append(words("rules.when_instance", name=self._name("instance", rule.instance)))
        if rule.chat_kind is not ChatKindCondition.ANY:
            parts.append(words(f"rules.chat_kind.{rule.chat_kind}"))
        if rule.chat != "*":
            parts.append(words("rules.when_chat", pattern=rule.chat))
        if rule.sender != "*":
            parts.append(words("rules.when_sender", pattern=rule.sender))
        if rule.content != "*":
            parts.append(words("rules.when_content", pattern=rule.content))
        if rule.only_at:
            parts.append(words("rules.when_at", names=", ".join(rule.at_names)))
        return words("rules.when_joint").join(parts) if parts else words("rules.when_always")

    def _action(self, rule: RuleConfig) -> str:
        if rule.action is RuleAction.IGNORE or rule.platform is None:
            return self._words("rules.then_ignore")
        return self._words("rules.then_ask", name=self._name("platform", rule.platform))

    def _sentence(self, finding: Finding, *, names_rule: bool) -> str:
        words = self._words
        params = dict(finding.params)
        if finding.other_rule_id is not None:
            params["rule"] = self._name(RULE, finding.other_rule_id)
        sentence = words(f"rule_finding.{finding.code}", **params)
        if not names_rule:
            return sentence
        return words("rules.about_other", rule=self._name(RULE, finding.rule_id), sentence=sentence)

    def _name(self, kind: str, object_id: str) -> str:
        thing: Any = self.editing.snapshot.candidate.objects(kind).get(object_id)
        return str(getattr(thing, "name", "") or object_id)

    def _enabled(self, kind: str) -> dict[str, bool]:
        objects = self.editing.snapshot.candidate.objects(kind)
        return {object_id: bool(thing.enabled) for object_id, thing in objects.items()}
