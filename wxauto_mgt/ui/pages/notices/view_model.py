"""What the tab of notices shows: the channels and how they do, and every delivery of the last days.

Owns words and the test of an unsaved channel; sending is the core's. Called by the panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.model import (
    ChannelFigures,
    DeliveriesChanged,
    DeliveryRecord,
    DeliveryState,
    NotificationsEnqueued,
)
from wxauto_mgt.core.notifications.section import CHANNEL, ChannelConfig
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.edit_dialog import TestOutcome
from wxauto_mgt.ui.forms.schema import FieldSpec, defaults_of, fields_of
from wxauto_mgt.ui.pages.told import told
from wxauto_mgt.ui.theme.tokens import Tone

HISTORY_SPAN = timedelta(days=7)
DELIVERIES_SHOWN = 500
STATE_TONES = {
    DeliveryState.PENDING: Tone.INFO,
    DeliveryState.SENDING: Tone.INFO,
    DeliveryState.SENT: Tone.OK,
    DeliveryState.FAILED: Tone.CRITICAL,
}


class Outbox(Protocol):
    """What the tab needs of the outbox."""

    async def history(
        self, *, since: datetime, states: Sequence[DeliveryState] = ..., limit: int = ...
    ) -> list[DeliveryRecord]:
        """Newest first."""

    async def figures(self) -> Mapping[str, ChannelFigures]:
        """How the channels have been doing, by id."""

    async def resend(self, delivery_id: int) -> str:
        """Send a failed delivery again."""


class Channels(Protocol):
    """What the tab needs of the registry."""

    def configs(self) -> Mapping[str, ChannelConfig]:
        """What is in force by id."""


class Testing(Protocol):
    """What proves a channel."""

    async def send(self, channel_id: str, message: str | None = None) -> None:
        """By a channel that is in force."""

    async def send_by(self, config: ChannelConfig, message: str | None = None) -> None:
        """By a configuration that need not be stored."""


@dataclass(frozen=True)
class ChannelRow:
    """One channel.

    Attributes:
        is_stored: whether the configuration has it; else it is there by itself.
    """

    id: str
    type: str
    name: str
    type_word: str
    level: str
    tone: Tone
    state: str
    why: str
    counts: str
    last_sent_at: datetime | None
    is_stored: bool


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery."""

    id: int
    at: datetime
    channel: str
    kind: str
    title: str
    tone: Tone
    state: str
    why: str
    is_failed: bool


class NoticesViewModel(QObject):
    """Channels and deliveries.

    Signals:
        changed: `channels` or `deliveries` were read anew.
    """

    changed = Signal()

    def __init__(
        self,
        backstage: Backstage,
        *,
        outbox: Outbox,
        channels: Channels,
        testing: Testing,
        types: ChannelTypes,
        editing: ConfigEditing,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._outbox = outbox
        self._registry = channels
        self._testing = testing
        self._types = types
        self._clock = clock
        self.editing = editing
        self.channels: tuple[ChannelRow, ...] = ()
        self.deliveries: tuple[DeliveryRow, ...] = ()
        commands = backstage.commands
        self.resend = commands.command(self, "resend_notice", outbox.resend)
        self.test_stored = commands.command(self, "test_channel", testing.send)
        self._reader = commands.reader(self, "notices", self._read)
        self._reader.succeeded.connect(self._take)
        bridge = backstage.bridge
        bridge.inbox(self, DeliveriesChanged, NotificationsEnqueued).arrived.connect(self._read_if_seen)
        editing.changes(bridge, self, CHANNEL).arrived.connect(self.refresh)
        for command in (self.resend, self.test_stored):
            command.running_changed.connect(self.refresh)
        self._is_seen = False
        self._words.changed.connect(self._read_if_seen)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the tab is seen."""
        self._is_seen = is_active
        if is_active:
            self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read soon."""
        self._reader.refresh()

    def types(self) -> list[tuple[str, str, str]]:
        """Types that can be added: name, word, what it is for."""
        words = self._words
        return [(name, words(f"channel.type.{name}"), self._about(name)) for name in self._types.names()]

    def type_specs(self, type_name: str) -> tuple[FieldSpec, ...]:
        """The fields that only channels of one type have."""
        return fields_of(self._types.schemas().get(type_name, {}), prefix="config.")

    def new_document(self, type_name: str) -> dict[str, JSON]:
        """What the form for a new channel of a type opens with."""
        return {
            **defaults_of(self.type_specs(type_name)),
            "id": self.editing.free_id(CHANNEL, type_name),
            "type": type_name,
            "name": self._words(f"channel.type.{type_name}"),
        }

    async def test(self, document: dict[str, JSON]) -> TestOutcome:
        """Send a test by a channel as an unsaved form describes it.

        Raises:
            ConfigError: the form cannot be used as it is.
            ChannelError: the test did not provably arrive.
        """
        channel = self._types.get(str(document.get("type")))
        secrets = channel.SECRET_FIELDS if channel is not None else ()
        whole = self.editing.with_stored_secrets(
            CHANNEL, str(document.get("id") or ""), document, tuple(f"config.{path}" for path in secrets)
        )
        config: ChannelConfig = self.editing.config.sections[CHANNEL].parse(whole)
        await self._testing.send_by(config)
        return TestOutcome(Tone.OK, self._words("notices.tested"))

    def _about(self, type_name: str) -> str:
        key = f"channel.about.{type_name}"
        return self._words(key) if self._words.has(key) else ""

    def _read_if_seen(self, _: object = None) -> None:
        if self._is_seen:
            self._reader.refresh()

    async def _read(self) -> tuple[list[DeliveryRecord], Mapping[str, ChannelFigures]]:
        since = self._clock.now() - HISTORY_SPAN
        return await self._outbox.history(since=since, limit=DELIVERIES_SHOWN), await self._outbox.figures()

    def _take(self, read: tuple[list[DeliveryRecord], Mapping[str, ChannelFigures]]) -> None:
        records, figures = read
        configured: Mapping[str, ChannelConfig] = self.editing.snapshot.candidate.objects(CHANNEL)
        known = {**self._registry.configs(), **configured}
        self.channels = tuple(
            self._channel(config, figures.get(one, ChannelFigures(one)), is_stored=one in configured)
            for one, config in known.items()
        )
        self.deliveries = tuple(self._delivery(record, known) for record in records)
        self.changed.emit()

    def _channel(self, config: ChannelConfig, figures: ChannelFigures, *, is_stored: bool) -> ChannelRow:
        words = self._words
        tone, state, why = self._state(config, figures)
        return ChannelRow(
            id=config.id,
            type=config.type,
            name=config.name or words(f"channel.type.{config.type}"),
            type_word=words(f"channel.type.{config.type}"),
            level=words("notices.from_level", level=words(f"notification.level.{config.min_level}")),
            tone=tone,
            state=state,
            why=why,
            counts=words(
                "notices.counts", sent=words.number(figures.sent), failed=words.number(figures.failed)
            ),
            last_sent_at=figures.last_sent_at,
            is_stored=is_stored,
        )

    def _state(self, config: ChannelConfig, figures: ChannelFigures) -> tuple[Tone, str, str]:
        words = self._words
        problem = self.editing.snapshot.unreadable.get((CHANNEL, config.id))
        if problem is not None:
            return Tone.CRITICAL, words("notices.state_unusable"), words.problem(problem)
        if not config.enabled:
            return Tone.NEUTRAL, words("notices.state_disabled"), ""
        if figures.failures_in_row and figures.last_error is not None:
            why = words.reason("error", figures.last_error, figures.last_error_facts)
            return Tone.CRITICAL, words("notices.state_failing"), why
        if figures.pending:
            return Tone.INFO, words("notices.state_waiting", count=figures.pending), ""
        return Tone.OK, words("notices.state_ready"), ""

    def _delivery(self, record: DeliveryRecord, known: Mapping[str, ChannelConfig]) -> DeliveryRow:
        words, notification = self._words, record.notification
        config = known.get(record.channel_id)
        why = words.reason("error", record.reason, record.facts) if record.reason is not None else ""
        if record.group_size > 1 and not why:
            why = words("notices.grouped", count=record.group_size)
        return DeliveryRow(
            id=record.id,
            at=notification.at,
            channel=self._channel_name(record.channel_id, config),
            kind=words(f"notification.kind.{notification.kind}"),
            title=told(words, notification.title, notification.params),
            tone=STATE_TONES[record.state],
            state=words(f"notification.state.{record.state}"),
            why=why,
            is_failed=record.state is DeliveryState.FAILED,
        )

    def _channel_name(self, channel_id: str, config: ChannelConfig | None) -> str:
        if config is None:
            return channel_id
        return config.name or self._words(f"channel.type.{config.type}")
