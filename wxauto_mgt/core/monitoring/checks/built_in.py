"""The kinds of checks that come with the product: adding one takes its file and one line here."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import AnyCheckKind
from wxauto_mgt.core.monitoring.checks.postgresql import PostgresqlCheck
from wxauto_mgt.core.monitoring.checks.redis import RedisCheck

BUILT_IN: Final[tuple[type[AnyCheckKind], ...]] = (
    RedisCheck,
    PostgresqlCheck,
)
