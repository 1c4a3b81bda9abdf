"""The address of a server as people write it in the configuration of a check. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from wxauto_mgt.core.config.model import refuse

CHECK_GROUP: Final = "check_kind.group.check"
"""Heading over the fields of a check's own."""


def server_address(value: str, *, schemes: tuple[str, ...]) -> SplitResult:
    """Take an address apart, or refuse it.

    A name or password in it is refused: they have fields of their own, sealed and never shown.
    """
    if any(character.isspace() or not character.isprintable() for character in value) or "\\" in value:
        raise refuse("url_characters")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise refuse("url_unreadable") from None
    if parts.scheme not in schemes:
        raise refuse("check_address_scheme", schemes=", ".join(f"{scheme}://" for scheme in schemes))
    if parts.username is not None or parts.password is not None:
        raise refuse("url_credentials")
    if not parts.hostname:
        raise refuse("url_host")
    if parts.query or parts.fragment:
        raise refuse("url_query")
    return parts
