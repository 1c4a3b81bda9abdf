"""What the instances page shows of each server: connected or not, why, and by which evidence.

Owns words, order and the connection test of an unsaved form. Called by the instances page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.config.model import JSON, place_of
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.instance import Instance, InstanceAdded, InstanceAdjusted, InstanceRemoved
from wxauto_mgt.core.instances.liveness import InstanceState, InstanceStateChanged, StateReason
from wxauto_mgt.core.instances.model import INSTANCE, Health, InstanceConfig
from wxauto_mgt.core.monitoring.model import ClientReport
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import Problem
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.edit_dialog import TestOutcome
from wxauto_mgt.ui.theme.tokens import Tone

TEST_TIMEOUT_S = 8.0


class Registry(Protocol):
    """What the page needs of the registry."""

    def get(self, instance_id: str) -> Instance | None:
        """An enabled instance."""


class Monitor(Protocol):
    """What the page needs of the monitor."""

    def clients(self) -> tuple[ClientReport, ...]:
        """All enabled instances."""


@dataclass(frozen=True)
class InstanceRow:
    """One instance as the page shows it.

    Attributes:
        reasons, evidence: sentences.
        gate: what the server's desktop is busy with, or nothing.
    """

    id: str
    name: str
    base_url: str
    is_enabled: bool
    tone: Tone
    state: str
    summary: str
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    gate: str
    last_check_at: datetime | None
    error_count: int
    last_error: str
    server: str


class InstancesViewModel(SeenViewModel):
    """The instances.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(
        self,
        backstage: Backstage,
        *,
        registry: Registry,
        monitor: Monitor,
        editing: ConfigEditing,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._registry = registry
        self._monitor = monitor
        self._clock = clock
        self.editing = editing
        self.rows = self._read()
        events = (InstanceStateChanged, InstanceAdded, InstanceAdjusted, InstanceRemoved)
        backstage.bridge.inbox(self, *events).arrived.connect(self.refresh)
        editing.changes(backstage.bridge, self, INSTANCE).arrived.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    def new_document(self) -> dict[str, JSON]:
        """What the form for a new instance opens with."""
        instance_id = self.editing.free_id(INSTANCE, "pc")
        return {"id": instance_id, "base_url": "http://127.0.0.1:5000"}

    async def test(self, document: dict[str, JSON]) -> TestOutcome:
        """Ask the server of an unsaved form for its health and its sessions; changes nothing there.

        Raises:
            ConfigError: the form cannot be used as it is.
            InstanceError: the server gave no usable answer.
        """
        config = self._parse(document)
        client = WxautoClient(
            config=config,
            clock=self._clock,
            on_call=_no_record,
            read_timeout_s=lambda: TEST_TIMEOUT_S,
            send_timeout_s=lambda: TEST_TIMEOUT_S,
        )
        try:
            async with asyncio.timeout(2 * TEST_TIMEOUT_S):
                health: Health = await client.health()
                await client.sub_windows()
        finally:
            await client.close()
        if health.wechat_status != "connected":
            return TestOutcome(Tone.WARNING, self._words("instances.test_not_initialized"))
        return TestOutcome(Tone.OK, self._words("instances.test_ok", library=health.library))

    def _parse(self, document: Mapping[str, JSON]) -> InstanceConfig:
        instance_id = str(document.get("id") or "")
        whole = self.editing.with_stored_secrets(INSTANCE, instance_id, document, ("api_key",))
        return validate_document(InstanceConfig, whole, place=place_of(INSTANCE, instance_id))

    def _read(self) -> tuple[InstanceRow, ...]:
        snapshot = self.editing.snapshot
        configs: Mapping[str, InstanceConfig] = snapshot.candidate.objects(INSTANCE)
        reports = {report.status.instance_id: report for report in self._monitor.clients()}
        rows = [
            self._row(config, snapshot.unreadable.get((INSTANCE, config.id)), reports.get(config.id))
            for config in configs.values()
        ]
        shown = {row.id for row in rows}
        rows += [
            self._unusable(object_id, problem)
            for (kind, object_id), problem in snapshot.unreadable.items()
            if kind == INSTANCE and object_id not in shown
        ]
        return tuple(rows)

    def _row(
        self, config: InstanceConfig, problem: Problem | None, report: ClientReport | None
    ) -> InstanceRow:
        words = self._words
        instance = self._registry.get(config.id)
        state = instance.liveness.state() if instance is not None else None
        tone, word = self._state_words(config, state, problem)
        reasons, evidence = self._reasons(state, problem), self._evidence(state)
        error = report.last_error if report is not None else None
        return InstanceRow(
            id=config.id,
            name=config.label,
            base_url=config.base_url,
            is_enabled=config.enabled,
            tone=tone,
            state=word,
            summary=next(iter((*reasons, *evidence)), ""),
            reasons=reasons,
            evidence=evidence,
            gate=self._gate(instance),
            last_check_at=state.last_check_at if state is not None else None,
            error_count=report.error_count if report is not None else 0,
            last_error=words.reason("error", error.cause_code, error.params) if error is not None else "",
            server=self._server(state),
        )

    def _unusable(self, object_id: str, problem: Problem) -> InstanceRow:
        sentence = self._words.problem(problem)
        return InstanceRow(
            id=object_id, name=object_id, base_url="", is_enabled=False, tone=Tone.CRITICAL,
            state=self._words("instances.state_unusable"), summary=sentence, reasons=(sentence,), evidence=(),
            gate="", last_check_at=None, error_count=0, last_error="", server="",
        )  # fmt: skip

    def _state_words(
        self, config: InstanceConfig, state: InstanceState | None, problem: Problem | None
    ) -> tuple[Tone, str]:
        words = self._words
        if problem is not None:
            return Tone.CRITICAL, words("instances.state_unusable")
        if not config.enabled:
            return Tone.NEUTRAL, words("instances.state_disabled")
        if state is None or state.connected is None:
            return Tone.UNKNOWN, words("instances.state_unknown")
        if not state.connected:
            return Tone.CRITICAL, words("instances.state_not_connected")
        if state.stalled:
            return Tone.WARNING, words("instances.state_stalled")
        return Tone.OK, words("instances.state_connected")

    def _reasons(self, state: InstanceState | None, problem: Problem | None) -> tuple[str, ...]:
        if problem is not None:
            return (self._words.problem(problem),)
        if state is None:
            return ()
        return tuple(self._reason(reason) for reason in state.reasons)

    def _reason(self, reason: StateReason) -> str:
        params = dict(reason.params)
        if "cause" in params:
            params["cause"] = self._words.reason("error", str(params["cause"]), params)
        return self._words.reason("instance_state", reason.code, params)

    def _evidence(self, state: InstanceState | None) -> tuple[str, ...]:
        if state is None:
            return ()
        words = self._words
        return tuple(
            words(
                "instances.evidence_line",
                what=words(f"evidence.{proof.kind}", count=proof.count),
                time=words.time(proof.at),
            )
            for proof in sorted(state.evidence, key=lambda proof: proof.at, reverse=True)
        )

    def _gate(self, instance: Instance | None) -> str:
        if instance is None:
            return ""
        gate = instance.gate
        if gate.shut_for_s > 0:
            return self._words("instances.gate_shut", seconds=round(gate.shut_for_s))
        if gate.current is None:
            return self._words("instances.gate_free")
        return self._words(
            "instances.gate_used",
            operation=self._operation(gate.current.operation),
            seconds=round(self._clock.monotonic() - gate.current.since_s),
            waiting=gate.waiting,
        )

    def _operation(self, name: str) -> str:
        key = f"instances.operation.{name}"
        return self._words(key if self._words.has(key) else "instances.operation.other")

    def _server(self, state: InstanceState | None) -> str:
        if state is None or state.uptime_s is None:
            return ""
        uptime = self._words.catalogue.duration(state.uptime_s)
        line = self._words("instances.server_line", library=state.library or "?", uptime=uptime)
        if state.restarted_at is not None:
            line += self._words("instances.server_restarted", time=self._words.moment(state.restarted_at))
        return line


def _no_record(_: CallRecord) -> None:
    """A test before saving belongs to no instance yet; it is not counted."""
