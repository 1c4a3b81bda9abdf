"""Decides when the sealing key is read and when one may be made. Where the key is kept is not its business.

Only the configuration service uses it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.draft import Draft
from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, Document, SettingsGroup, place_of
from wxauto_mgt.core.config.sealing import sealed_values
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.errors import ConfigError, Problem

_log = logging.getLogger(__name__)

# A keyring may ask the person to unlock it; without an answer the secrets stay closed.
KEY_TIMEOUT_S: Final = 30.0


class KeyStore(StrEnum):
    """The value names a key provider of the box."""

    FILE = "file"
    KEYRING = "keyring"


class SecretsSettings(ConfigModel):
    """Where the sealing key is kept; a change takes effect at the next start."""

    key_store: KeyStore = Field(
        default=KeyStore.FILE,
        json_schema_extra=hints(
            "config.field.key_store",
            group="config.group.secrets",
            order=10,
            widget=Widget.CHOICE,
            choices="config.key_store",
            help_key="config.help.key_store",
        ),
    )


SECRETS_GROUP: Final = SettingsGroup("secrets", SecretsSettings)


class KeyKeeper:
    """Reads the key when a sealed value asks for it; makes one only where no sealed value stands."""

    def __init__(self, *, secrets: SecretBox) -> None:
        self._secrets = secrets

    async def read_for(self, documents: Iterable[Document]) -> None:
        """Read the key if a sealed value of these documents needs one that is not loaded."""
        if any(self.is_lost(sealed) for document in documents for sealed in sealed_values(document)):
            await self._load()

    async def ensure_for(self, draft: Draft) -> None:
        """Make sure that the new secrets of a draft can be sealed; make the first key if need be.

        Raises:
            ConfigError: the key that other secrets were sealed with is gone; names their objects. A new key
                beside them would hide the loss, and the old one put back would then lock out the new ones.
            SecretKeyUnavailable: no key can be kept.
        """
        if self._secrets.has_key:
            return
        if draft.sealed_places(self.is_lost):
            await self._load()
        lost = draft.sealed_places(self.is_lost)
        if lost:
            raise ConfigError([Problem(place_of(*key), "", "secret_key_missing") for key in lost])
        if not self._secrets.has_key:
            await asyncio.to_thread(self._secrets.create_key)

    def is_lost(self, sealed: str) -> bool:
        """Whether the key of a sealed value is not at hand."""
        return not self._secrets.knows_key_of(sealed)

    async def _load(self) -> None:
        try:
            async with asyncio.timeout(KEY_TIMEOUT_S):
                await asyncio.to_thread(self._secrets.load_key)
        except TimeoutError:
            _log.warning("the key provider did not answer within %d s", KEY_TIMEOUT_S)
