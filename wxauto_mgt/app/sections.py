"""What the configuration of this version is made of; the command line needs it without a console.

A new slice with objects or settings adds one line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wxauto_mgt.core.access.settings import http_settings_group
from wxauto_mgt.core.alerting.section import alert_rule_section
from wxauto_mgt.core.alerting.settings import alerts_settings_group
from wxauto_mgt.core.analysis.settings import reports_settings_group
from wxauto_mgt.core.config.model import ConfigSection, SettingsGroup
from wxauto_mgt.core.delivery.settings import delivery_settings_group
from wxauto_mgt.core.instances.model import instance_section
from wxauto_mgt.core.listening.model import listener_section
from wxauto_mgt.core.listening.settings import listening_settings_group
from wxauto_mgt.core.messages.settings import messages_settings_group
from wxauto_mgt.core.monitoring.checks.built_in import BUILT_IN as BUILT_IN_CHECKS
from wxauto_mgt.core.monitoring.checks.settings import health_checks_settings_group
from wxauto_mgt.core.monitoring.checks.types import CheckTypes
from wxauto_mgt.core.monitoring.services.section import service_section
from wxauto_mgt.core.monitoring.settings import logs_settings_group, metrics_settings_group
from wxauto_mgt.core.notifications.channels.built_in import BUILT_IN as BUILT_IN_CHANNELS
from wxauto_mgt.core.notifications.section import channel_section
from wxauto_mgt.core.notifications.settings import notifications_settings_group
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.section import platform_section
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.core.recovery.actions.built_in import BUILT_IN as BUILT_IN_REPAIRS
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.core.recovery.settings import heartbeat_settings_group
from wxauto_mgt.core.rules.section import rule_section
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.core.secrets.key_providers import providers_of
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.ui_settings import ui_settings_group


@dataclass(frozen=True)
class Plugins:
    """The plugin classes of this installation: the built-in ones and those that other packages declare."""

    platforms: PlatformTypes
    checks: CheckTypes
    repairs: RepairTypes
    channels: ChannelTypes

    def text_folders(self) -> tuple[Path, ...]:
        """Where their texts may stand, for the catalogue."""
        all_types = (self.platforms, self.checks, self.repairs, self.channels)
        return tuple(folder for types in all_types for folder in types.text_folders())


def load_plugins() -> Plugins:
    """Find all plugin classes."""
    return Plugins(
        platforms=PlatformTypes(BUILT_IN, installed=PlatformTypes.entry_points()),
        checks=CheckTypes(BUILT_IN_CHECKS, installed=CheckTypes.entry_points()),
        repairs=RepairTypes(BUILT_IN_REPAIRS, installed=RepairTypes.entry_points()),
        channels=ChannelTypes(BUILT_IN_CHANNELS, installed=ChannelTypes.entry_points()),
    )


def config_sections(plugins: Plugins) -> tuple[ConfigSection[Any], ...]:
    """All kinds of objects, in the order in which a document lists them."""
    return (
        instance_section(),
        listener_section(),
        platform_section(plugins.platforms),
        rule_section(),
        service_section(check_types=plugins.checks, repair_types=plugins.repairs, presets=BuiltInPresets()),
        channel_section(plugins.channels),
        alert_rule_section(),
    )


def settings_groups() -> tuple[SettingsGroup, ...]:
    """All groups of settings."""
    return (
        listening_settings_group(),
        delivery_settings_group(),
        messages_settings_group(),
        metrics_settings_group(),
        logs_settings_group(),
        health_checks_settings_group(),
        heartbeat_settings_group(),
        notifications_settings_group(),
        alerts_settings_group(),
        reports_settings_group(),
        http_settings_group(),
        ui_settings_group(),
    )


def secret_box(data_dir: Path, redactor: Redactor) -> SecretBox:
    """The box whose key stands in the data folder, or in the system's keyring where the operator chose it."""
    return SecretBox(key_providers=providers_of(data_dir), redactor=redactor)
