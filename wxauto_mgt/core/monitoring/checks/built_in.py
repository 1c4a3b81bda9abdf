"""The kinds of checks that come with the product: adding one takes its file and one line here."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.monitoring.checks.canary import CanaryCheck
from wxauto_mgt.core.monitoring.checks.command import CommandCheck
from wxauto_mgt.core.monitoring.checks.contract import AnyCheckKind
from wxauto_mgt.core.monitoring.checks.disk import FolderCheck
from wxauto_mgt.core.monitoring.checks.http import HttpCheck
from wxauto_mgt.core.monitoring.checks.postgresql import PostgresqlCheck
from wxauto_mgt.core.monitoring.checks.process_by_name import ProcessByNameCheck
from wxauto_mgt.core.monitoring.checks.push import PushCheck
from wxauto_mgt.core.monitoring.checks.redis import RedisCheck
from wxauto_mgt.core.monitoring.checks.resource import ResourceCheck
from wxauto_mgt.core.monitoring.checks.sqlite import SqliteCheck
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck
from wxauto_mgt.core.monitoring.checks.tls_expiry import TlsExpiryCheck

BUILT_IN: Final[tuple[type[AnyCheckKind], ...]] = (
    HttpCheck,
    TcpCheck,
    ProcessByNameCheck,
    RedisCheck,
    PostgresqlCheck,
    SqliteCheck,
    FolderCheck,
    TlsExpiryCheck,
    CommandCheck,
    ResourceCheck,
    PushCheck,
    CanaryCheck,
)
