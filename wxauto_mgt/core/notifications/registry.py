"""The channels that can carry notices now, kept in step with the configuration.

Owns making, swapping and closing them. The composition root starts and closes it; the notice sender asks it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.notifications.channels.in_process import NothingToSet
from wxauto_mgt.core.notifications.contract import AnyChannel, ChannelContext, Surface
from wxauto_mgt.core.notifications.http_post import HttpPost
from wxauto_mgt.core.notifications.model import NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.section import CHANNEL, ChannelConfig
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.errors import ChannelError, ChannelPermanent
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Supervisor

_log = logging.getLogger(__name__)

TASK_NAME: Final = "channels"


@dataclass(frozen=True)
class OpenChannel:
    """A channel that can be asked, with the configuration that it was made by."""

    config: ChannelConfig
    channel: AnyChannel


class ChannelRegistry:
    """Makes what is configured and enabled; one that fails stays alone.

    Args:
        implied: types that exist without being configured, under the type's name as their id, until a channel
            of that type is configured; every notification goes to them.
    """

    def __init__(
        self,
        *,
        types: ChannelTypes,
        snapshot: Callable[[], Snapshot],
        notifier: ConfigNotifier,
        supervisor: Supervisor,
        clock: Clock,
        surface: Surface,
        implied: Iterable[str] = (),
    ) -> None:
        self.types = types
        self._snapshot = snapshot
        self._notifier = notifier
        self._supervisor = supervisor
        self._clock = clock
        self._surface = surface
        self._implied = list(implied)
        self._open: dict[str, OpenChannel] = {}
        self._failures: dict[str, ChannelError] = {}
        self._http: HttpPost | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Make all enabled channels and follow the configuration from now on. Raises for none of them."""
        self._http = HttpPost(clock=self._clock)
        self._unsubscribe = self._notifier.subscribe(self._on_changed, kinds=(CHANNEL,))
        for config in self.configs().values():
            self._bring_up(config)

    def imply(self, type_name: str) -> None:
        """Let a type exist without being configured, from now on."""
        self._implied.append(type_name)
        if self._http is not None:
            self._follow_implied()

    def configs(self) -> Mapping[str, ChannelConfig]:
        """What is configured by id, the implied ones too; also what cannot be read, so that it is missed."""
        configured: Mapping[str, ChannelConfig] = self._snapshot().candidate.objects(CHANNEL)
        found = dict(configured)
        there = {config.type for config in configured.values()}
        for name in self._implied:
            if name not in there and name not in found:
                found[name] = implied_config(name)
        return found

    def words_for(self, channel_id: str) -> ChannelConfig:
        """Whose words a notice of a channel is shown in; also of one that is gone."""
        return self.configs().get(channel_id) or implied_config(channel_id)

    def require(self, channel_id: str) -> OpenChannel:
        """The channel.

        Raises:
            ChannelPermanent: why there is none to ask.
        """
        found = self._open.get(channel_id)
        if found is not None:
            return found
        config = self.configs().get(channel_id)
        if config is None:
            raise ChannelPermanent("channel_missing", channel=channel_id)
        if not config.enabled:
            raise ChannelPermanent("channel_disabled", channel=channel_id)
        if (CHANNEL, channel_id) in self._snapshot().unreadable:
            raise ChannelPermanent("channel_unreadable", channel=channel_id)
        raise self._failures.get(channel_id) or ChannelPermanent("channel_missing", channel=channel_id)

    def make(self, config: ChannelConfig) -> OpenChannel:
        """Make a channel by a configuration that need not be stored; the caller closes it.

        Raises:
            ChannelPermanent: it cannot be made.
        """
        channel_class = self.types.get(config.type)
        if channel_class is None:
            raise ChannelPermanent("channel_type_missing", channel=config.id, type=config.type)
        if self._http is None:
            raise ChannelPermanent("channel_missing", channel=config.id)
        context = ChannelContext(config.id, self._clock, self._http, self._surface)
        try:
            return OpenChannel(config, channel_class(config=config.config, context=context))
        except ChannelError:
            raise
        except Exception as error:
            _log.exception("channel could not be made", extra={"channel_id": config.id})
            raise ChannelPermanent(
                "channel_plugin_failed", channel=config.id, cause=type(error).__name__
            ) from error

    async def close(self) -> None:
        """Stop following, close everything."""
        self._unsubscribe()
        for found in self._open.values():
            await close_channel(found)
        self._open.clear()
        await self._supervisor.stop(TASK_NAME)
        if self._http is not None:
            await self._http.close()

    def _on_changed(self, change: ConfigChanged) -> None:
        self._retire(change.id)
        if isinstance(change.after, ChannelConfig) and change.id in self.configs():
            self._bring_up(change.after)
        self._follow_implied()

    def _follow_implied(self) -> None:
        configs = self.configs()
        for name in self._implied:
            if name not in configs:
                self._retire(name)
            elif name not in self._open:
                self._bring_up(configs[name])

    def _bring_up(self, config: ChannelConfig) -> None:
        if not config.enabled or (CHANNEL, config.id) in self._snapshot().unreadable:
            return
        try:
            self._open[config.id] = self.make(config)
        except ChannelError as error:
            self._failures[config.id] = error
            _log.warning("channel is not available: %s", error, extra={"channel_id": config.id})

    def _retire(self, channel_id: str) -> None:
        self._failures.pop(channel_id, None)
        found = self._open.pop(channel_id, None)
        if found is not None:
            self._supervisor.spawn(f"{TASK_NAME}:close:{channel_id}", close_channel(found))


async def close_channel(found: OpenChannel) -> None:
    """Close a channel; what fails there is logged."""
    try:
        await found.channel.close()
    except Exception:  # noqa: BLE001 - foreign code; it must not keep others from closing
        _log.exception("channel did not close", extra={"channel_id": found.config.id})


def implied_config(type_name: str) -> ChannelConfig:
    """What a channel is like that nobody configured: it takes everything, in the console's own words."""
    return ChannelConfig(
        id=type_name,
        name="",
        type=type_name,
        enabled=True,
        config=NothingToSet(),
        min_level=NotificationLevel.INFO,
        kinds=tuple(NotificationKind),
        rate_limit_per_minute=0,
    )
