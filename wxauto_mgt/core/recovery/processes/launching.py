"""How a configured process is started: its environment, its fingerprint, and why it could not be started.

Pure but for the start itself. `ManagedProcess` calls it.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.secrets.box import expand_env
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime import process_tree

OWN_VARIABLES: Final = "WXAUTO_MGT_"
# What a program writes reaches us at once and as UTF-8, where it is written in Python.
_PYTHON_OUTPUT: Final = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}

Why = tuple[str, dict[str, Fact]]
"""Code and parameters of `process_reason.<code>`."""


def start(
    config: ManagedProcessConfig, environment: Mapping[str, str], marker: str
) -> subprocess.Popen[bytes]:
    """Start it. Blocks.

    Raises:
        OSError, ValueError: it could not be started; see `why_not`.
    """
    cwd = Path(config.cwd) if config.cwd else None
    return process_tree.start_process(config.command, cwd=cwd, environment=environment, marker=marker)


def environment_of(
    config: ManagedProcessConfig, own: Mapping[str, str], redactor: Redactor
) -> dict[str, str]:
    """Return the environment for it: the console's, without what is meant for the console alone.

    Raises:
        SecretUnreadable: a variable that it refers to is not set.
    """
    passed = {name: value for name, value in own.items() if not name.startswith(OWN_VARIABLES)}
    given = {}
    for name, value in config.env.items():
        given[name] = expand_env(value, own)
        if given[name] != value:
            redactor.add_secret(given[name])  # nobody knows what a variable holds
    return {**_PYTHON_OUTPUT, **passed, **given}


def what_runs(config: ManagedProcessConfig) -> tuple[object, ...]:
    """Return what a running process would have to be restarted for."""
    return config.command, config.cwd, dict(config.env)


def fingerprint(config: ManagedProcessConfig, marker: str) -> str:
    """Return a digest of what runs, to be stored."""
    # The marker is its salt: a short secret in the environment cannot be looked up by its digest.
    text = json.dumps([marker, *what_runs(config)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def why_not(error: OSError | ValueError, config: ManagedProcessConfig) -> Why:
    """Say why a start failed."""
    program = config.command[0]
    if config.cwd and not Path(config.cwd).is_dir():
        return "folder_missing", {"folder": config.cwd}
    if isinstance(error, FileNotFoundError):
        return "program_missing", {"program": program}
    if isinstance(error, PermissionError):
        return "program_not_allowed", {"program": program}
    cause = error.strerror if isinstance(error, OSError) else None
    return "start_refused", {"program": program, "cause": cause or type(error).__name__}


def why_ended(code: int | None) -> Why:
    """Say how a process ended by itself."""
    if code is None:
        return "ended_unseen", {}
    if code >= 0:
        return "ended", {"exit_code": code}
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return "ended_by_signal", {"signal": name}
