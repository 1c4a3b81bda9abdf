"""Checks of values that documents of several kinds have: addresses, and secrets that travel in a header.

Owns what is refused whatever the value is for; what else a kind asks of it is its own matter. Models use it.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from wxauto_mgt.core.config.model import refuse


def split_address(value: str) -> SplitResult:
    """Take an address apart, or refuse one that is read differently by different programs."""
    # urlsplit drops tabs and newlines silently, so that what was checked would not be what is called.
    if any(character.isspace() or not character.isprintable() for character in value) or "\\" in value:
        raise refuse("url_characters")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise refuse("url_unreadable") from None
    return parts


def sendable(value: SecretStr) -> SecretStr:
    """Return a secret that travels in a header, or refuse what would break it; empty is fine."""
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise refuse("api_key_characters")
    return value
