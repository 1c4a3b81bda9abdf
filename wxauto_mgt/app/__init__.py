"""Composition root: the only place that constructs services and says who knows whom."""

from wxauto_mgt.app.application import Application
from wxauto_mgt.app.sections import (
    channel_types,
    config_sections,
    platform_types,
    secret_box,
    settings_groups,
)

__all__ = [
    "Application",
    "channel_types",
    "config_sections",
    "platform_types",
    "secret_box",
    "settings_groups",
]
