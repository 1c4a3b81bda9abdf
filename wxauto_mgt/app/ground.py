"""What a console stands on before any service runs: folder and lock, logs, databases, configuration in force.

Opened by the composition root. What was opened is registered to be closed at once, so half a ground unwinds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wxauto_mgt.app.data_folder import BACKUPS, make_data_folder, open_console_database
from wxauto_mgt.app.sections import Plugins, config_sections, load_plugins, secret_box, settings_groups
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.logs.pipeline import LogPipeline
from wxauto_mgt.core.monitoring.settings import LOGS, LogsSettings
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.platform import DataFolderLock
from wxauto_mgt.runtime.shutdown import CloseStack, Stage
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language


@dataclass(frozen=True)
class Ground:
    """The parts that every service may stand on. `closing` ends them, after what was pushed later."""

    data_dir: Path
    environment: Mapping[str, str]
    clock: Clock
    closing: CloseStack
    catalogue: Catalogue
    logs: LogPipeline
    db: Database
    telemetry: Database
    notifier: ConfigNotifier
    config: ConfigService
    audit: AuditLog
    redactor: Redactor
    plugins: Plugins


async def open_ground(
    *, data_dir: Path, environment: Mapping[str, str], language: Language, clock: Clock
) -> Ground:
    """Open everything in order.

    Raises:
        DataFolderInUse: another console holds the folder.
        ConsoleError: something cannot be used; what was open is closed again.
    """
    closing = CloseStack(clock=clock)
    try:
        return await _open(data_dir, environment, language, clock, closing)
    except BaseException:
        await closing.close()
        raise


async def _open(
    data_dir: Path, environment: Mapping[str, str], language: Language, clock: Clock, closing: CloseStack
) -> Ground:
    await asyncio.to_thread(make_data_folder, data_dir)
    await _lock(data_dir, closing)
    redactor = Redactor()
    logs = LogPipeline(folder=data_dir / "logs", clock=clock, redaction=redactor)
    logs.attach()
    closing.push(Stage.CONNECTIONS, "logs", logs.close)
    db = await open_console_database(data_dir)
    closing.push(Stage.CONNECTIONS, "console.db", db.close)
    telemetry = await Database.open(
        data_dir / "telemetry.db",
        kind="telemetry",
        synchronous="NORMAL",
        backup_dir=data_dir / BACKUPS,
        readers=2,  # a search of the logs may take long; drawings do not wait for it
    )
    closing.push(Stage.CONNECTIONS, "telemetry.db", telemetry.close)
    plugins = load_plugins()
    notifier = ConfigNotifier()
    config = ConfigService(
        db=db,
        sections=config_sections(plugins),
        settings_groups=settings_groups(),
        secrets=secret_box(data_dir, redactor),
        notifier=notifier,
        clock=clock,
        environment=environment,
    )
    await config.load()
    log_settings: LogsSettings = config.snapshot.settings(LOGS)
    logs.apply(log_settings.policy())
    return Ground(
        data_dir=data_dir,
        environment=environment,
        clock=clock,
        closing=closing,
        catalogue=Catalogue(language, extra_folders=plugins.text_folders()),
        logs=logs,
        db=db,
        telemetry=telemetry,
        notifier=notifier,
        config=config,
        audit=AuditLog(db=db, clock=clock, redactor=redactor),
        redactor=redactor,
        plugins=plugins,
    )


async def _lock(data_dir: Path, closing: CloseStack) -> None:
    lock = DataFolderLock()
    lock.acquire(data_dir)

    async def release() -> None:
        lock.release()

    closing.push(Stage.CONNECTIONS, "lock", release)
