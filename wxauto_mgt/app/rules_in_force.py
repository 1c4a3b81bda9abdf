"""The compiled rules of the configuration in force: compiled anew when the configuration moved on.

Built by the composition root, asked by the delivery worker for each message.
"""

from __future__ import annotations

from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.delivery.worker import RulesInForce
from wxauto_mgt.core.rules.matcher import RuleSet
from wxauto_mgt.core.rules.section import RULE


class RulesOfSnapshot:
    """Callable: the rules of this moment. Looks instead of subscribing, so that it can never be behind."""

    def __init__(self, *, config: ConfigService) -> None:
        self._config = config
        self._snapshot = config.snapshot
        self._in_force = self._compile()

    def __call__(self) -> RulesInForce:
        """The rules in force."""
        if self._config.snapshot is not self._snapshot:
            self._snapshot = self._config.snapshot
            self._in_force = self._compile()
        return self._in_force

    def _compile(self) -> RulesInForce:
        return RulesInForce(RuleSet(self._snapshot.objects(RULE).values()), self._snapshot.revision)
