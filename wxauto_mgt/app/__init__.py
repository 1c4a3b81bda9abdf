"""Composition root: the only place that constructs services and says who knows whom."""

from wxauto_mgt.app.application import Application
from wxauto_mgt.app.sections import (
    config_sections,
    load_plugins,
    secret_box,
    settings_groups,
)

__all__ = [
    "Application",
    "config_sections",
    "load_plugins",
    "secret_box",
    "settings_groups",
]
