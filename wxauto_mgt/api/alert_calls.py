"""Answers the calls of `MonitorAPI` about alerts: rules, what is active, what was, who takes care, silences.

Owns the shape of an alert record, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

import re
from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields, Texts, iso, iso_or_none
from wxauto_mgt.core.alerting.engine import AlertEngine
from wxauto_mgt.core.alerting.model import Alert, AlertRule, labels_of
from wxauto_mgt.core.alerting.notices import params_of
from wxauto_mgt.core.alerting.section import ALERT_RULE
from wxauto_mgt.core.alerting.silences import EVERY_RULE, Silence
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.notifications.templates import fill

_AREA: Final = "alerts"
_OWN_WORDS: Final = re.compile(r"alerts\.((?:title|message)\.\w+)\Z")
_LONGEST_ID: Final = 50
_LONGEST_HISTORY_HOURS: Final = 24 * 366.0
_LONGEST_SILENCE_S: Final = 366 * 86_400.0


class AlertCalls:
    """The calls, answered by the engine and the configuration of one application."""

    def __init__(self, *, engine: AlertEngine, config: ConfigService, texts: Texts) -> None:
        self._engine = engine
        self._config = config
        self._texts = texts

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {
            "add_alert_rule": self._add_rule,
            "get_active_alerts": self._active,
            "get_alert_history": self._history,
            "acknowledge_alert": self._acknowledge,
            "silence": self._silence,
            "end_silence": self._end_silence,
            "get_silences": self._silences,
        }

    async def active_records(self) -> list[JSON]:
        """Return the records of the active alerts, those on values recorded just now among them."""
        await self._engine.catch_up()
        return [self._record(alert) for alert in self._engine.active()]

    async def _add_rule(
        self,
        metric_name: JSON,
        threshold: JSON,
        operator: JSON,
        level: JSON,
        title: JSON,
        message: JSON,
        name: JSON = "",
        for_s: JSON = 0.0,  # a program that records a value expects the alert at once
        cooldown_s: JSON = 300.0,
    ) -> Answer:
        document: dict[str, JSON] = {
            "id": self._free_id(metric_name, operator, level),
            "metric_name": metric_name,
            "threshold": threshold,
            "operator": operator,
            "level": level,
            "title": title,
            "message": message,
            "name": name,
            "for_s": for_s,
            "cooldown_s": cooldown_s,
        }
        rule_id = str(document["id"])
        await self._config.apply([Put(ALERT_RULE, rule_id, document)], who=current_caller.get())
        return Answer(_rule(self._engine.rules()[rule_id]))

    async def _active(self) -> Answer:
        records = await self.active_records()
        return Answer(records, {"count": len(records)})

    async def _history(self, hours: JSON) -> Answer:
        alerts = await self._engine.history(
            arguments.number(hours, "hours", above=0, most=_LONGEST_HISTORY_HOURS)
        )
        return Answer([self._record(alert) for alert in alerts], {"count": len(alerts)})

    async def _acknowledge(self, alert_id: JSON, owner: JSON, note: JSON) -> Answer:
        alert = await self._engine.acknowledge(
            arguments.text(alert_id, "alert_id"),
            owner=arguments.text(owner, "owner"),
            note=arguments.text(note, "note"),
        )
        return Answer(self._record(alert))

    async def _silence(self, rule: JSON, labels: JSON, duration_s: JSON, who: JSON, note: JSON) -> Answer:
        wanted = {} if labels is None else arguments.labels(labels)
        rule_id = arguments.text(rule, "rule")
        if rule_id != EVERY_RULE and rule_id not in self._engine.rules():
            raise arguments.refused("rule")
        silence = await self._engine.silence(
            rule=rule_id,
            labels=labels_of(wanted),
            duration_s=arguments.number(duration_s, "duration_s", above=0, most=_LONGEST_SILENCE_S),
            who=arguments.text(who, "who"),
            note=arguments.text(note, "note"),
        )
        return Answer(_silence(silence))

    async def _end_silence(self, silence_id: JSON) -> Answer:
        number = arguments.whole(silence_id, "silence_id")
        await self._engine.end_silence(number)
        return Answer({"id": number})

    async def _silences(self) -> Answer:
        return Answer([_silence(silence) for silence in self._engine.silences()])

    def _free_id(self, metric_name: JSON, operator: JSON, level: JSON) -> str:
        wanted = re.sub(r"[^a-z0-9_-]+", "-", f"{metric_name}-{operator}-{level}".lower()).lstrip("_-")
        base, taken = wanted[:_LONGEST_ID] or "rule", self._config.snapshot.candidate.objects(ALERT_RULE)
        return next(
            name for name in _numbered(base) if name not in taken and name not in self._engine.rules()
        )

    def _record(self, alert: Alert) -> Fields:
        taken = alert.acknowledged
        return {
            "id": alert.id,
            "rule": alert.rule,
            "level": alert.level.value,
            "title": self._words(alert.title, alert),
            "message": self._words(alert.message, alert),
            "metric_name": alert.metric_name,
            "current_value": alert.value,
            "threshold": alert.threshold,
            "labels": dict(alert.labels),
            "timestamp": iso(alert.started_at),
            "state": alert.state.value,
            "resolved": alert.resolved_at is not None,
            "resolved_at": iso_or_none(alert.resolved_at),
            "acknowledged": None
            if taken is None
            else {"owner": taken.owner, "note": taken.note, "at": iso(taken.at)},
            "muted_by": alert.muted_by or None,
            "flapping": alert.is_flapping,
        }

    def _words(self, text: str, alert: Alert) -> str:
        params = params_of(alert)
        own = _OWN_WORDS.match(text)
        return self._texts.reason(_AREA, own[1], params) if own else fill(text, params)


def _numbered(base: str) -> list[str]:
    return [base, *(f"{base}-{number}" for number in range(2, 10_000))]


def _rule(rule: AlertRule) -> Fields:
    document: Fields = rule.model_dump(mode="json")
    return document


def _silence(silence: Silence) -> Fields:
    return {
        "id": silence.id,
        "rule": silence.rule,
        "labels": dict(silence.labels),
        "starts_at": iso(silence.starts_at),
        "ends_at": iso(silence.ends_at),
        "who": silence.who,
        "note": silence.note,
    }
