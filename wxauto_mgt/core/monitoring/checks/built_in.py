"""The kinds of checks that come with the product: adding one takes its file and one line here."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import AnyCheckKind
from wxauto_mgt.core.monitoring.checks.http import HttpCheck
from wxauto_mgt.core.monitoring.checks.postgresql import PostgresqlCheck
from wxauto_mgt.core.monitoring.checks.redis import RedisCheck
from wxauto_mgt.core.monitoring.checks.resource import ResourceCheck
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck

BUILT_IN: Final[tuple[type[AnyCheckKind], ...]] = (
    HttpCheck,
    TcpCheck,
    ResourceCheck,
    RedisCheck,
    PostgresqlCheck,
)
