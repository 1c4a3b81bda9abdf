"""Builds what one console answers over HTTP. Importing this brings FastAPI along, so it is imported late.

Called by the composition root, which hands in everything.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI

from wxauto_mgt import __version__
from wxauto_mgt.api.http.addresses import TrustedNames
from wxauto_mgt.api.http.application import make_application, openapi_of
from wxauto_mgt.api.http.exposition import Exposition
from wxauto_mgt.api.http.failure_budget import FailureBudget
from wxauto_mgt.api.http.pages.login import login_page
from wxauto_mgt.api.http.protocol import ConnectionLimits
from wxauto_mgt.api.http.request_body import BodyLimits
from wxauto_mgt.api.http.routes.calls import call_routes
from wxauto_mgt.api.http.routes.events import Sources, event_routes
from wxauto_mgt.api.http.routes.health import ProcessHealth, health_routes
from wxauto_mgt.api.http.routes.monitoring import monitoring_routes
from wxauto_mgt.api.http.routes.pages import page_routes
from wxauto_mgt.api.http.routes.prometheus import prometheus_routes
from wxauto_mgt.api.http.routes.recovery import heartbeat_routes, recovery_routes
from wxauto_mgt.api.http.routes.services import service_routes
from wxauto_mgt.api.http.security import Guard, Sentence, Served
from wxauto_mgt.api.http.server import HttpServer
from wxauto_mgt.api.http.turns import Turns
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.core.access.refusals import RefusedTokens
from wxauto_mgt.core.access.settings import HttpSettings
from wxauto_mgt.core.access.tokens import AccessTokens
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language


@dataclass(frozen=True)
class Parts:
    """What the interface stands on.

    Attributes:
        health: how this process is; called for each `GET /health`.
        sentence: the words of a problem: code and parameters in, one sentence out.
        settings: those in force.
        language: of pages, where a browser asks for none.
    """

    api: MonitorAPI
    health: Callable[[], ProcessHealth]
    tokens: AccessTokens
    refused: RefusedTokens
    clock: Clock
    sentence: Sentence
    settings: Callable[[], HttpSettings]
    on_served: Callable[[Served], None]
    registry: MetricRegistry
    events: Sources
    language: Language


class HttpInterface:
    """The routes of one console, opened on as many sockets as are wanted. Making it takes a while: blocks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._failures = FailureBudget(clock=parts.clock, most=lambda: parts.settings().failures_per_minute)
        self._turns = Turns(clock=parts.clock)
        self.app: FastAPI = make_application(
            _routers(parts, lambda: openapi_of(self.app)), version=__version__, sentence=parts.sentence
        )

    async def open(self, *, host: str, port: int, tls: ssl.SSLContext | None) -> HttpServer:
        """Listen at an address, with the limits of the settings in force.

        Raises:
            TransientError: `api_port_taken`.
            PermanentError: the address cannot be listened at.
        """
        parts, settings = self._parts, self._parts.settings()
        max_bytes = settings.max_body_kib * 1024
        guard = Guard(
            self.app,
            tokens=parts.tokens,
            refused=parts.refused,
            failures=self._failures,
            names=TrustedNames(
                hosts=frozenset(settings.allowed_hosts),
                origins=frozenset(settings.allowed_origins),
                takes_any_address=settings.is_remote,
            ),
            limits=BodyLimits(max_bytes=max_bytes),
            clock=parts.clock,
            sentence=parts.sentence,
            turns=self._turns,
            on_served=parts.on_served,
        )
        return await HttpServer.open(
            guard,
            host=host,
            port=port,
            tls=tls,
            limits=ConnectionLimits(
                max_connections=settings.max_connections,
                max_body_bytes=max_bytes,
                receive_timeout_s=settings.receive_timeout_s,
            ),
            sentence=parts.sentence,
            end_streams=parts.events.feed.end_streams,
        )


def _routers(parts: Parts, openapi: Callable[[], dict[str, Any]]) -> list[APIRouter]:
    """All routes; those that are asked most come first."""
    api = parts.api
    catalogues = {language: Catalogue(language) for language in Language}
    login = {language: login_page(catalogue) for language, catalogue in catalogues.items()}
    exposition = Exposition(registry=parts.registry, clock=parts.clock, texts=catalogues[parts.language])
    return [
        health_routes(parts.health),
        prometheus_routes(exposition),
        event_routes(parts.events),
        service_routes(api),
        recovery_routes(api),
        heartbeat_routes(api),
        monitoring_routes(api, parts.clock),
        page_routes(login, parts.language, openapi),
        call_routes(api),
    ]
