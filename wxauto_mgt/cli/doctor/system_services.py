"""Looks whether this user could restart the services of the operating system that repairs name.

Asks the system's own programs, never acts; the rights that count are those of the user who runs the console.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.core.recovery.actions.restart_system_service import RestartSystemServiceConfig
from wxauto_mgt.runtime.platform import System, has_all_rights, this_system

ANSWER_WITHIN_S: Final = 5.0
_MANAGE_UNITS: Final = "org.freedesktop.systemd1.manage-units"
_SC_UNKNOWN: Final = 1060
_LONGEST_CAUSE: Final = 200


def examine_system_services(
    snapshot: Snapshot, *, system: System | None = None, has_rights: bool | None = None
) -> Findings:
    """Look at each system service that a repair would restart. Blocks, some seconds at most for each.

    Args:
        system, has_rights: None = of this machine and this user.
    """
    services = [found for found in snapshot.objects(SERVICE).values() if isinstance(found, ServiceConfig)]
    wanted = [
        (service.name, repair.config)
        for service in services
        for repair in service.repairs
        if service.enabled and isinstance(repair.config, RestartSystemServiceConfig)
    ]
    examine = _EXAMINERS[system or this_system()]
    rights = has_all_rights() if has_rights is None else has_rights
    return [examine(service, config, rights) for service, config in wanted]


def _linux(service: str, config: RestartSystemServiceConfig, has_rights: bool) -> Finding:
    scope = ["--user"] if config.of_user else []
    code, said = _run("systemctl", *scope, "show", "--property=LoadState", "--value", config.name)
    if code is None:
        return problem("system_program_missing", service=service, program="systemctl")
    if code != 0:
        return problem("system_silent", service=service, reason=said or str(code))
    if said != "loaded":
        return problem("system_service_unknown", service=service, name=config.name)
    if config.of_user or has_rights:
        return ok("system_service", service=service, name=config.name)
    code, _ = _run("pkcheck", "--action-id", _MANAGE_UNITS, "--process", str(os.getpid()))
    if code == 0:
        return ok("system_service", service=service, name=config.name)
    if code is None:
        return note("system_rights_unknown", service=service, name=config.name)
    return problem("system_rights_missing", service=service, name=config.name)


def _windows(service: str, config: RestartSystemServiceConfig, has_rights: bool) -> Finding:
    code, said = _run("sc.exe", "query", config.name)
    if code is None:
        return problem("system_program_missing", service=service, program="sc.exe")
    if code == _SC_UNKNOWN:
        return problem("system_service_unknown", service=service, name=config.name)
    if code != 0:
        return problem("system_silent", service=service, reason=said or str(code))
    if has_rights:
        return ok("system_service", service=service, name=config.name)
    return problem("system_rights_missing", service=service, name=config.name)


def _macos(service: str, config: RestartSystemServiceConfig, has_rights: bool) -> Finding:
    domain = f"gui/{os.getuid()}" if config.of_user else "system"
    code, _ = _run("launchctl", "print", f"{domain}/{config.name}")
    if code is None:
        return problem("system_program_missing", service=service, program="launchctl")
    if code != 0:
        return problem("system_service_unknown", service=service, name=config.name)
    if config.of_user or has_rights:
        return ok("system_service", service=service, name=config.name)
    return problem("system_rights_missing", service=service, name=config.name)


_EXAMINERS: Final = {System.LINUX: _linux, System.WINDOWS: _windows, System.MACOS: _macos}


def _run(program: str, *arguments: str) -> tuple[int | None, str]:
    """Return exit status, None without such a program, and what it said, in one short line."""
    where = shutil.which(program)
    if where is None:
        return None, ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and a checked name, never a shell
            [where, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ANSWER_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"{program}: {ANSWER_WITHIN_S} s"
    except OSError as error:
        return -1, error.strerror or type(error).__name__
    return done.returncode, " ".join(done.stdout.decode("utf-8", "replace").split())[:_LONGEST_CAUSE]
