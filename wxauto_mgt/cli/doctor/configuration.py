"""Reads the stored configuration beside whatever runs, and looks at what of it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wxauto_mgt import app
from wxauto_mgt.app.data_folder import console_database, open_console_database
from wxauto_mgt.cli.doctor.findings import Findings, ok, problem
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import ConfigError, ConsoleError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import open_readonly


async def read_configuration(data_dir: Path, environment: Mapping[str, str], *, clock: Clock) -> Snapshot:
    """Return the stored configuration.

    Raises:
        ConsoleError: there is none that this version can read as it is; the file was left untouched.
    """
    # Never brings a database up to date: that is for the console's own start.
    open_readonly(console_database(data_dir)).close()
    db = await open_console_database(data_dir, readers=1)
    try:
        service = ConfigService(
            db=db,
            sections=app.config_sections(app.load_plugins()),
            settings_groups=app.settings_groups(),
            secrets=app.secret_box(data_dir, Redactor()),
            notifier=ConfigNotifier(),
            clock=clock,
            environment=environment,
        )
        await service.load()
        return service.snapshot
    finally:
        await db.close()


def examine_configuration(snapshot: Snapshot | ConsoleError) -> Findings:
    """Look at what is out of force, most of it for a secret that cannot be opened."""
    if isinstance(snapshot, ConsoleError):
        if snapshot.code in ("database_missing", "database_older"):
            return []
        return [problem("configuration_unreadable", error=snapshot)]
    broken = [
        problem("object_unreadable", kind=kind, id=object_id, error=ConfigError([reason]))
        for (kind, object_id), reason in snapshot.unreadable.items()
    ]
    return broken or [ok("configuration", revision=snapshot.revision)]
