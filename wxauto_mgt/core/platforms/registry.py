"""The platforms that can be asked now, kept in step with the configuration.

Owns opening, swapping and closing. The composition root starts and closes it; delivery asks it by id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.platforms.contract import AnyPlatform, PluginContext, TestResult
from wxauto_mgt.core.platforms.open_platform import OpenPlatform, close_plugin, failed_test, run_test
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import PlatformError, PlatformPermanent, PlatformTransient
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Supervisor

_log = logging.getLogger(__name__)

DRAIN_S: Final = 30.0  # how long an edited platform's calls under way may still take
OPEN_LIMIT_S: Final = 30.0
CLOSE_S: Final = 1.0  # calls under way were given their time before, when delivery was drained
TASK_NAME: Final = "platforms"


class PlatformRegistry:
    """Opens what is configured and enabled, each beside the others: one that fails stays alone.

    An edited platform is opened on the side, then takes its predecessor's place; that one finishes its calls.
    Where the new one cannot be opened, its predecessor is closed too: it is no longer what was configured.

    Args:
        on_call: told of each HTTP request of any platform.
        rng: makes a plugin's random choices; seeded in tests.
    """

    def __init__(
        self,
        *,
        types: PlatformTypes,
        notifier: ConfigNotifier,
        supervisor: Supervisor,
        clock: Clock,
        on_call: Callable[[CallRecord], None],
        rng: Random,
    ) -> None:
        self.types = types
        self._notifier = notifier
        self._supervisor = supervisor
        self._clock = clock
        self._on_call = on_call
        self._rng = rng
        self._open: dict[str, OpenPlatform] = {}
        self._failures: dict[str, PlatformError] = {}
        # What each platform should be, the newest edit last; openings under way look here when they are done.
        self._wanted: dict[str, PlatformConfig] = {}
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self, configs: Iterable[PlatformConfig]) -> None:
        """Open all enabled platforms and follow the configuration from now on. Raises for none of them."""
        self._unsubscribe = self._notifier.subscribe(self._on_changed, kinds=(PLATFORM,))
        async with asyncio.TaskGroup() as group:
            for config in configs:
                self._wanted[config.id] = config
                group.create_task(self._bring_up(config))

    def get(self, platform_id: str) -> OpenPlatform | None:
        """The open platform, None when there is none to ask."""
        return self._open.get(platform_id)

    def require(self, platform_id: str) -> OpenPlatform:
        """The open platform.

        Raises:
            PlatformError: why there is none to ask.
        """
        platform = self._open.get(platform_id)
        if platform is not None:
            return platform
        raise self.why_absent(platform_id)

    def why_absent(self, platform_id: str) -> PlatformError:
        """Why a platform cannot be asked: not configured, disabled, not opened yet, or failed to open."""
        config = self._wanted.get(platform_id)
        if config is None:
            return PlatformPermanent("platform_missing", platform=platform_id)
        if not config.enabled:
            return PlatformPermanent("platform_disabled", platform=platform_id)
        return self._failures.get(platform_id) or PlatformTransient("platform_opening", platform=platform_id)

    def all(self) -> tuple[OpenPlatform, ...]:
        """All open platforms."""
        return tuple(self._open.values())

    async def reopen(self, platform_id: str) -> None:
        """Open a platform anew, also one that failed to open; its predecessor finishes its calls.

        Raises:
            PlatformError: there is none to open, or it did not open.
        """
        config = self._wanted.get(platform_id)
        if config is None or not config.enabled:
            raise self.why_absent(platform_id)
        await self._bring_up(config)
        if platform_id in self._failures:
            raise self._failures[platform_id]

    async def test(self, config: PlatformConfig) -> TestResult:
        """Test a configuration that need not be stored, on a plugin of its own. Raises nothing."""
        started_s = self._clock.monotonic()
        try:
            plugin = await self._opened_plugin(config)
        except PlatformError as error:
            return failed_test(error, self._clock.monotonic() - started_s)
        try:
            return await run_test(plugin, self._clock)
        finally:
            await close_plugin(plugin, config.id)

    async def close(self, *, timeout_s: float = CLOSE_S) -> None:
        """Stop following, let calls under way finish for `timeout_s`, close everything."""
        self._unsubscribe()
        self._wanted.clear()
        async with asyncio.TaskGroup() as group:
            for platform in self._open.values():
                group.create_task(platform.close(timeout_s=timeout_s))
        self._open.clear()
        # Cuts off openings, and what retired platforms still wait for; those close at that.
        await self._supervisor.stop(TASK_NAME, timeout_s=timeout_s)

    def _on_changed(self, change: ConfigChanged) -> None:
        if isinstance(change.after, PlatformConfig):
            self._wanted[change.id] = change.after
            if change.after.enabled:
                self._supervisor.spawn(f"{TASK_NAME}:open:{change.id}", self._bring_up(change.after))
                return
        else:
            self._wanted.pop(change.id, None)
        self._failures.pop(change.id, None)
        self._retire(change.id)

    async def _bring_up(self, config: PlatformConfig) -> None:
        if not config.enabled:
            return
        try:
            plugin = await self._opened_plugin(config)
        except PlatformError as error:
            if self._wanted.get(config.id) is config:
                self._failures[config.id] = error
                self._retire(config.id)
            _log.warning("platform did not open: %s", error, extra={"platform_id": config.id})
            return
        if self._wanted.get(config.id) is not config:  # edited again meanwhile
            await close_plugin(plugin, config.id)
            return
        self._failures.pop(config.id, None)
        self._retire(config.id)
        self._open[config.id] = OpenPlatform(config=config, plugin=plugin, clock=self._clock)
        _log.info("platform is open", extra={"platform_id": config.id})

    async def _opened_plugin(self, config: PlatformConfig) -> AnyPlatform:
        plugin_class = self.types.get(config.type)
        if plugin_class is None:
            raise PlatformPermanent("platform_type_missing", platform=config.id, type=config.type)
        context = PluginContext(f"platform:{config.id}", self._clock, self._on_call, self._rng)
        plugin: AnyPlatform | None = None
        is_open = False
        try:
            plugin = plugin_class(config=config.config, context=context)
            async with asyncio.timeout(OPEN_LIMIT_S):
                await plugin.open()
            is_open = True
        except PlatformError:
            raise
        except TimeoutError:
            raise PlatformPermanent("platform_open_timed_out", platform=config.id) from None
        except Exception as error:
            _log.exception("platform plugin failed to open", extra={"platform_id": config.id})
            raise PlatformPermanent(
                "platform_plugin_failed", platform=config.id, cause=type(error).__name__
            ) from error
        finally:
            if plugin is not None and not is_open:
                await close_plugin(plugin, config.id)
        return plugin

    def _retire(self, platform_id: str) -> None:
        platform = self._open.pop(platform_id, None)
        if platform is not None:
            self._supervisor.spawn(f"{TASK_NAME}:close:{platform_id}", platform.close(timeout_s=DRAIN_S))
