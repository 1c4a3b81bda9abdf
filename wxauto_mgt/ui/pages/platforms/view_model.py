"""What the platforms page shows: who answers, whether it would answer now, and which rules use it.

Owns words and the connection test of an unsaved form. Called by the platforms page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.contract import TestResult
from wxauto_mgt.core.platforms.open_platform import OpenPlatform
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.errors import PlatformError, Problem
from wxauto_mgt.runtime.circuit_breaker import BreakerState
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.edit_dialog import TestOutcome
from wxauto_mgt.ui.forms.schema import FieldSpec, defaults_of, fields_of
from wxauto_mgt.ui.theme.tokens import Tone

_ID_STEMS = {"keyword": "kw", "openai": "ai"}


class Platforms(Protocol):
    """What the page needs of the registry."""

    def get(self, platform_id: str, /) -> OpenPlatform | None:
        """An enabled platform, ready to be asked."""

    def why_absent(self, platform_id: str, /) -> PlatformError:
        """Why there is none."""

    async def test(self, config: PlatformConfig, /) -> TestResult:
        """Test a platform that need not be stored."""


@dataclass(frozen=True)
class PlatformRow:
    """One platform as the page shows it."""

    id: str
    name: str
    type: str
    type_word: str
    tone: Tone
    state: str
    why: str
    concurrency: str
    rules: str
    last_test: str
    last_test_tone: Tone | None


class PlatformsViewModel(SeenViewModel):
    """The platforms.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(
        self,
        backstage: Backstage,
        *,
        platforms: Platforms,
        types: PlatformTypes,
        editing: ConfigEditing,
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._platforms = platforms
        self._types = types
        self._tests: dict[str, TestOutcome] = {}
        self.editing = editing
        self.rows = self._read()
        self.test_stored = backstage.commands.command(self, "test_platform", self._test_stored)
        self.test_stored.succeeded.connect(self.refresh)
        editing.changes(backstage.bridge, self, PLATFORM, "rule").arrived.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    def types(self) -> list[tuple[str, str, str]]:
        """Types that can be added: name, word, what it is for."""
        words = self._words
        return [(name, words(f"platform.type.{name}"), self._about(name)) for name in self._types.names()]

    def type_specs(self, type_name: str) -> tuple[FieldSpec, ...]:
        """The fields that only platforms of one type have."""
        schema = self._types.schemas().get(type_name, {})
        return fields_of(schema, prefix="config.")

    def new_document(self, type_name: str) -> dict[str, JSON]:
        """What the form for a new platform of a type opens with."""
        specs = self.type_specs(type_name)
        platform_id = self.editing.free_id(PLATFORM, _ID_STEMS.get(type_name, type_name))
        return {
            **defaults_of(specs),
            "id": platform_id,
            "type": type_name,
            "name": self._words(f"platform.type.{type_name}"),
        }

    async def test(self, document: dict[str, JSON]) -> TestOutcome:
        """Test a platform as an unsaved form describes it.

        Raises:
            ConfigError: the form cannot be used as it is.
        """
        plugin_class = self._types.get(str(document.get("type")))
        secrets = plugin_class.SECRET_FIELDS if plugin_class is not None else ()
        whole = self.editing.with_stored_secrets(
            PLATFORM, str(document.get("id") or ""), document, tuple(f"config.{path}" for path in secrets)
        )
        config: PlatformConfig = self.editing.config.sections[PLATFORM].parse(whole)
        return self._outcome(await self._platforms.test(config))

    async def _test_stored(self, platform_id: str) -> None:
        opened = self._platforms.get(platform_id)
        if opened is None:
            raise self._platforms.why_absent(platform_id)
        self._tests[platform_id] = self._outcome(await opened.test())

    def _outcome(self, result: TestResult) -> TestOutcome:
        words = self._words
        sentence = words(result.text_key, **result.params)
        if result.ok:
            latency = words.number(result.latency_s * 1000)
            sentence = words("platforms.test_took", sentence=sentence, latency=latency)
        return TestOutcome(Tone.OK if result.ok else Tone.CRITICAL, sentence)

    def _about(self, type_name: str) -> str:
        key = f"platform.about.{type_name}"
        return self._words(key) if self._words.has(key) else ""

    def _read(self) -> tuple[PlatformRow, ...]:
        snapshot = self.editing.snapshot
        configs: Mapping[str, PlatformConfig] = snapshot.candidate.objects(PLATFORM)
        rules: Mapping[str, RuleConfig] = snapshot.objects("rule")
        used = Counter(rule.platform for rule in rules.values() if rule.platform is not None)
        return tuple(
            self._row(config, snapshot.unreadable.get((PLATFORM, config.id)), used[config.id])
            for config in configs.values()
        )

    def _row(self, config: PlatformConfig, problem: Problem | None, rule_count: int) -> PlatformRow:
        words = self._words
        opened = self._platforms.get(config.id)
        tone, state, why = self._state(config, opened, problem)
        tested = self._tests.get(config.id)
        busy = opened.limit.in_flight if opened is not None else 0
        return PlatformRow(
            id=config.id,
            name=config.label,
            type=config.type,
            type_word=words(f"platform.type.{config.type}"),
            tone=tone,
            state=state,
            why=why,
            concurrency=f"{busy} / {config.concurrency}",
            rules=words.number(rule_count),
            last_test=tested.sentence if tested is not None else words("platforms.not_tested"),
            last_test_tone=tested.tone if tested is not None else None,
        )

    def _state(
        self, config: PlatformConfig, opened: OpenPlatform | None, problem: Problem | None
    ) -> tuple[Tone, str, str]:
        words = self._words
        if problem is not None:
            return Tone.CRITICAL, words("platforms.state_unusable"), words.problem(problem)
        if not config.enabled:
            return Tone.NEUTRAL, words("platforms.state_disabled"), ""
        if opened is None:
            why = words.error(self._platforms.why_absent(config.id))
            return Tone.CRITICAL, words("platforms.state_unusable"), why
        if opened.paused_for_s:
            why = words("platforms.why_paused", seconds=round(opened.paused_for_s))
            return Tone.WARNING, words("platforms.state_paused"), why
        if opened.breaker.state is BreakerState.OPEN:
            return Tone.CRITICAL, words("platforms.state_broken"), words("platforms.why_broken")
        return Tone.OK, words("platforms.state_ready"), ""
