"""What an operator may set, and what the slices below get of it."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.config.model import Document
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.logs.record import Category, Level
from wxauto_mgt.core.monitoring.settings import LogsSettings, MetricsSettings
from wxauto_mgt.errors import ConfigError


def test_defaults_are_those_that_are_promised() -> None:
    logs, metrics = LogsSettings().policy(), MetricsSettings().policy()
    assert (logs.retention.days, logs.retention.max_total_bytes) == (30, 1 << 30)
    assert logs.level_of(Category.API) is Level.INFO
    assert (metrics.interval_s, metrics.kept_s) == (10.0, 48 * 3600)


def test_document_sets_levels_and_intervals() -> None:
    logs = validate_document(LogsSettings, {"levels": {"API": "DEBUG"}, "retention_days": 7}, place="logs")
    assert logs.policy().level_of(Category.API) is Level.DEBUG
    assert logs.policy().level_of(Category.UI) is Level.INFO
    metrics = validate_document(MetricsSettings, {"sample_interval_s": 600}, place="metrics")
    assert metrics.policy().kept_s == 600_000  # a thousand points rather than 48 hours


@pytest.mark.parametrize(
    "document",
    [
        {"levels": {"NOISE": "DEBUG"}},
        {"levels": {"API": "LOUD"}},
        {"retention_days": 0},
        {"max_total_bytes": 10},
    ],
)
def test_values_without_sense_are_refused(document: Document) -> None:
    with pytest.raises(ConfigError):
        validate_document(LogsSettings, document, place="logs")
