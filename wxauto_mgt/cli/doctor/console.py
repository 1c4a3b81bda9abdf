"""Looks for the running console: whether it answers, and whether the port would be free for it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import wxauto_mgt
from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.cli.asking import CallRefused, data_of, fields_of
from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.core.access.settings import HTTP, HttpSettings, is_loopback
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.errors import ConsoleError

NOT_RUNNING = "console_not_running"


async def examine_console(link: ConsoleLink) -> Findings:
    """Ask the running console for its state."""
    try:
        point = await link.find()
        reply = await link.ask("get_service_status", {})
        status = fields_of(data_of(reply))
    except ConsoleError as error:
        return [
            note("console_absent") if error.code == NOT_RUNNING else problem("console_silent", error=error)
        ]
    except CallRefused as error:
        return [problem("console_refuses", reason=error.sentence)]
    found = [ok("console", pid=point.pid, url=point.url)]
    if point.version != wxauto_mgt.__version__:
        found.append(problem("console_version", version=point.version, installed=wxauto_mgt.__version__))
    if status.get("paused") is True:
        found.append(note("console_paused"))
    elif status.get("running") is not True:
        found.append(problem("console_stopped"))
    return found


async def is_running(api: RemoteMonitorAPI) -> bool:
    """Whether a console answers at all."""
    return (await api.get_service_status()).get("success") is True


def examine_address(url: str, snapshot: Snapshot) -> Findings:
    """Tell when the running console listens elsewhere than its settings want, as where the port was taken."""
    settings: HttpSettings = snapshot.settings(HTTP)
    is_told = settings.enabled and settings.port != 0 and not settings.has_tls and is_loopback(settings.host)
    if not is_told or urlsplit(url).port == settings.port:
        return []
    return [note("api_elsewhere", url=url, host=settings.host, port=settings.port)]


def examine_port(snapshot: Snapshot) -> Finding:
    """Try the port that the HTTP API would have, while no console has it. Blocks shortly."""
    settings: HttpSettings = snapshot.settings(HTTP)
    if not settings.enabled:
        return note("api_off")
    if settings.port == 0:
        return ok("port_any")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        return problem("port_taken", host=settings.host, port=settings.port, reason=error.strerror)
    return ok("port_free", host=settings.host, port=settings.port)
