"""What the configuration store needs to know about rules. Called by the composition root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from wxauto_mgt.core.config.model import Candidate, ConfigSection, place_of
from wxauto_mgt.core.config.pydantic_sections import pydantic_section
from wxauto_mgt.core.rules.model import EVERY_INSTANCE, RuleConfig
from wxauto_mgt.errors import Problem

RULE: Final = "rule"
INSTANCE: Final = "instance"
PLATFORM: Final = "platform"


def rule_section() -> ConfigSection[RuleConfig]:
    """Make the section of the rules (`rules:` in a document)."""
    return pydantic_section(kind=RULE, document_key="rules", model=RuleConfig, check=check_references)


def check_references(candidate: Candidate) -> Iterable[Problem]:
    """Find rules that name an instance or a platform which does not exist."""
    rules: Mapping[str, RuleConfig] = candidate.objects(RULE)
    for rule in rules.values():
        place = place_of(RULE, rule.id)
        if rule.instance != EVERY_INSTANCE and not candidate.has(INSTANCE, rule.instance):
            yield Problem(place, "instance", "unknown_instance", {"instance": rule.instance})
        for position, platform in enumerate(rule.platforms):
            if not candidate.has(PLATFORM, platform):
                yield Problem(place, f"platforms.{position}", "unknown_platform", {"platform": platform})
