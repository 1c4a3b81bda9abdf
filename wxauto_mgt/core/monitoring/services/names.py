"""How monitored services are named: those that are always there, and those of instances and platforms."""

from __future__ import annotations

from typing import Final

MAIN_SERVICE: Final = "main_service"
MESSAGE_LISTENER: Final = "message_listener"
LOGIN_PAGE: Final = "login_page"
CONSOLE_DATABASE: Final = "console_database"
DATA_DISK: Final = "data_disk"
BUILT_IN: Final = (MAIN_SERVICE, MESSAGE_LISTENER, LOGIN_PAGE, CONSOLE_DATABASE, DATA_DISK)


def instance_service(instance_id: str) -> str:
    """Name an instance as a service."""
    return f"instance:{instance_id}"


def platform_service(platform_id: str) -> str:
    """Name a platform as a service."""
    return f"platform:{platform_id}"
