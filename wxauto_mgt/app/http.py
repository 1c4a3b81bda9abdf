"""Builds the local HTTP API: tokens, the listening sockets and their following of the settings.

One part of the composition root; the application starts it, and a stop closes it first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import ssl
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from wxauto_mgt import __version__
from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.attach_point import ATTACH_FILE_NAME, AttachPoint
from wxauto_mgt.api.http.event_feed import EventFeed
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.settings_calls import SettingsCalls
from wxauto_mgt.api.token_calls import TokenCalls
from wxauto_mgt.app.attach_file import AttachFile
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.access.refusals import RefusedTokens
from wxauto_mgt.core.access.settings import API_TOKEN, HTTP, HttpSettings, is_loopback
from wxauto_mgt.core.access.tokens import AccessTokens
from wxauto_mgt.core.alerting.model import Alert
from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.config.notifier import ConfigChanged
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.requests import IN, request_metrics
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import ConsoleError, PermanentError
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.shutdown import Stage
from wxauto_mgt.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from wxauto_mgt.api.http.routes.health import ProcessHealth
    from wxauto_mgt.api.http.security import Served
    from wxauto_mgt.api.http.server import Address, HttpServer
    from wxauto_mgt.api.http.serving import HttpInterface

_log = logging.getLogger(__name__)

LISTEN: Final = "http_listen"
LOOPBACK: Final = "127.0.0.1"
_RETRY_S: Final = 15.0
_USES_WRITTEN_EVERY_S: Final = 60.0
_STOP_S: Final = 6.0
_OTHER_ROUTES: Final = "other"
_ENDLESS: Final = "/api/events"


class HttpApi:
    """The HTTP interface of one application.

    Args:
        process_status: what the checks say of this process.
        alerts: those that are active now.
        on_moved: told when `login_url` may be another one.

    Attributes:
        tokens: who may come in.
        calls: the facade's answers about tokens and settings.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        run_id: str,
        bus: EventBus,
        supervisor: Supervisor,
        registry: MetricRegistry,
        episodes: Episodes,
        process_status: Callable[[], str],
        alerts: Callable[[], Iterable[Alert]],
        on_moved: Callable[[], None],
    ) -> None:
        self._ground = ground
        self._run_id = run_id
        self._supervisor = supervisor
        self._episodes = episodes
        self._process_status = process_status
        self._bus = bus
        self._registry = registry
        self._alerts = alerts
        self._on_moved = on_moved
        self._began_s = ground.clock.monotonic()
        self.tokens = AccessTokens(
            db=ground.db,
            clock=ground.clock,
            audit=ground.audit,
            redactor=ground.redactor,
            environment_token=ground.environment.get(API_TOKEN, "").strip(),
        )
        self._refused = RefusedTokens(audit=ground.audit, clock=ground.clock)
        self._served = CallMetrics(clock=ground.clock)
        self._attach_file = AttachFile(data_dir=ground.data_dir)
        self._interface: HttpInterface | None = None
        self._feed: EventFeed | None = None
        self._main: HttpServer | None = None
        self._own: HttpServer | None = None
        self._in_force: HttpSettings | None = None
        self._is_told = False
        self._changed = asyncio.Event()
        self._unsubscribe: Callable[[], None] = lambda: None
        registry.add_collector(self.tokens.metrics)
        registry.add_collector(lambda: request_metrics(self._served, direction=IN))

    @property
    def address(self) -> Address | None:
        """Where it listens as the settings want it; None where it does not."""
        return self._main.address if self._main is not None else None

    def login_url(self) -> str | None:
        """Where the log-in page stands; None where there is none."""
        return f"{self._main.address.url}/login" if self._main is not None else None

    def answers(self) -> Answers:
        """What `monitor_api` is asked about tokens and settings."""
        tokens = TokenCalls(tokens=self.tokens, clock=self._ground.clock)
        return {**tokens.answers(), **SettingsCalls(config=self._ground.config).answers()}

    async def start(self, api: MonitorAPI) -> None:
        """Listen, and follow the settings from now on; registers its own end with the ground."""
        self._api = api
        await self.tokens.open()
        closing = self._ground.closing
        closing.push(Stage.FINAL_WRITES, "tokens", self._write_last)
        closing.push(Stage.INTAKE, "http", self._close, budget_s=_STOP_S)
        self._unsubscribe = self._ground.notifier.subscribe(self._settings_changed, kinds=(SETTINGS,))
        await self._serve()
        start = self._supervisor.start
        start("http", self._follow, stalled_after_s=math.inf)  # waits for an edit
        start("http_refusals", self._refused.run, stalled_after_s=math.inf)  # waits for a refusal
        start("http_tokens", self._write_uses, stalled_after_s=2 * _USES_WRITTEN_EVERY_S)

    def _settings(self) -> HttpSettings:
        settings: HttpSettings = self._ground.config.snapshot.settings(HTTP)
        return settings

    def _settings_changed(self, change: ConfigChanged) -> None:
        if change.id == HTTP:
            self._changed.set()

    async def _follow(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            # An address that is not free may become so, and a full disk may get room.
            is_whole = (self._main is not None and self._is_told) or not self._settings().enabled
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if is_whole else _RETRY_S):
                    await self._changed.wait()
            self._changed.clear()
            await self._serve()

    async def _serve(self) -> None:
        """Bring the sockets in line with the settings."""
        settings = self._settings()
        if settings != self._in_force:
            await self._attach_file.remove()  # first: who takes the port next must not be told the token
            await self._close_servers()
            self._in_force = settings
        if not settings.enabled:
            self._episodes.worked(LISTEN)
            await self._attach_file.remove()
            return
        if self._main is None:
            await self._listen(settings)
        if self._own is None and not self._is_attachable():
            self._own = await self._attempt(LOOPBACK, 0, None)
        attach = self._main if self._is_attachable() else self._own
        if attach is None:
            await self._attach_file.remove()
        else:
            await self._tell_where(attach.address.url)
        self._on_moved()

    async def _listen(self, settings: HttpSettings) -> None:
        try:
            self._refuse_unguarded(settings)
            tls = await asyncio.to_thread(_tls_of, settings) if settings.has_tls else None
            interface = await self._loaded()
            self._main = await interface.open(host=settings.host, port=settings.port, tls=tls)
        except ConsoleError as error:
            self._episodes.failed(LISTEN, error)
            return
        self._episodes.worked(LISTEN)
        _log.info("the HTTP API listens at %s", self._main.address.url)

    async def _attempt(self, host: str, port: int, tls: ssl.SSLContext | None) -> HttpServer | None:
        """Listen for programs of this machine alone, whatever keeps the API from where it should be."""
        try:
            return await (await self._loaded()).open(host=host, port=port, tls=tls)
        except ConsoleError as error:
            self._episodes.failed(LISTEN, error, subject=host)
            return None

    def _is_attachable(self) -> bool:
        """Whether programs of this machine can use the socket of the settings: in clear, by its own name."""
        address = self.address
        return address is not None and not address.has_tls and is_loopback(address.host)

    def _refuse_unguarded(self, settings: HttpSettings) -> None:
        if not settings.is_remote:
            return
        if not self.tokens.has_usable:
            raise PermanentError("api_remote_without_token", host=settings.host)
        if not settings.has_tls and not settings.allow_remote_without_tls:
            raise PermanentError("api_remote_without_tls", host=settings.host)

    async def _tell_where(self, url: str) -> None:
        point = AttachPoint(
            url=url,
            token=self.tokens.attach_value,
            pid=os.getpid(),
            run_id=self._run_id,
            version=__version__,
        )
        try:
            await self._attach_file.write(point)
        except ConsoleError as error:
            self._is_told = False
            self._episodes.failed(LISTEN, error, subject=ATTACH_FILE_NAME)
        else:
            self._is_told = True
            self._episodes.worked(LISTEN, subject=ATTACH_FILE_NAME)

    async def _loaded(self) -> HttpInterface:
        """Build the routes the first time that they are wanted."""
        if self._interface is None:
            feed = EventFeed(
                bus=self._bus,
                notifier=self._ground.notifier,
                clock=self._ground.clock,
                alerts=self._alerts,
            )
            self._feed = feed
            self._supervisor.start("http_events", feed.run)
            self._interface = await asyncio.to_thread(self._build, feed)
        return self._interface

    def _build(self, feed: EventFeed) -> HttpInterface:
        """Runs beside the loop: FastAPI costs half a second to import, and the routes some more to build."""
        # Imported only where it is used.
        from wxauto_mgt.api.http.routes.events import Sources
        from wxauto_mgt.api.http.serving import HttpInterface, Parts

        logs = self._ground.logs
        return HttpInterface(
            Parts(
                api=self._api,
                health=self._health,
                tokens=self.tokens,
                refused=self._refused,
                clock=self._ground.clock,
                sentence=self._sentence,
                settings=self._settings,
                on_served=self._count,
                registry=self._registry,
                events=Sources(
                    run=self._run_id[:8],
                    feed=feed,
                    logs=lambda after, limit: logs.tail(after=after, limit=limit),
                    admits=self.tokens.admits,
                ),
                language=self._ground.catalogue.language,
            )
        )

    def _health(self) -> ProcessHealth:
        from wxauto_mgt.api.http.routes.health import ProcessHealth  # as in `_loaded`, imported by now

        clock = self._ground.clock
        return ProcessHealth(
            status=self._process_status(),
            at=clock.now(),
            version=__version__,
            uptime_s=clock.monotonic() - self._began_s,
        )

    def _sentence(self, code: str, **params: str | float | None) -> str:
        catalogue = self._ground.catalogue
        key = f"http.problem.{code}"
        return catalogue.text(key if catalogue.has(key) else f"error.{code}", **params)

    def _count(self, served: Served) -> None:
        if served.route == _ENDLESS:
            return  # lasts as long as somebody listens, which is no response time
        ok = 0 < served.status < 500
        route = served.route or _OTHER_ROUTES
        self._served.record(
            CallRecord(route, route, ok, served.duration_s, None if ok else str(served.status))
        )

    async def _write_uses(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            with contextlib.suppress(ConsoleError):  # tried again in a minute; nothing hangs on it
                await self.tokens.write_uses()
            await self._ground.clock.sleep(_USES_WRITTEN_EVERY_S)

    async def _write_last(self) -> None:
        await self._refused.write()
        await self.tokens.write_uses()

    async def _close(self) -> None:
        self._unsubscribe()
        await self._supervisor.stop("http")
        if self._feed is not None:
            self._feed.close()
        # First: who finds it must find somebody who answers.
        await self._attach_file.remove()
        await self._close_servers()

    async def _close_servers(self) -> None:
        servers = [server for server in (self._main, self._own) if server is not None]
        self._main = self._own = None
        for server in servers:
            await server.close()


def _tls_of(settings: HttpSettings) -> ssl.SSLContext:
    """Read certificate and key. Blocks.

    Raises:
        PermanentError: they cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An encrypted key would ask at the terminal; a function that answers nothing refuses it instead.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise PermanentError("api_tls_unusable", reason=str(error)) from error
    return context
