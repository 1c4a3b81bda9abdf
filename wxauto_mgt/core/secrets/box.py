"""Seals and opens single values, and expands `${NAME}`.

Each sealed value carries its key's id. Never makes a key by itself. The configuration service calls it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from wxauto_mgt.core.secrets.key_providers import KeyProvider
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import SecretKeyUnavailable, SecretUnreadable

_log = logging.getLogger(__name__)

_SEALED: Final = re.compile(r"v1:([0-9a-f]{16}):([A-Za-z0-9_=-]+)\Z")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}\Z")


def is_sealed(value: object) -> bool:
    """Tell whether a stored value is a sealed one."""
    return isinstance(value, str) and _SEALED.match(value) is not None


def variable_of(value: object) -> str | None:
    """Return NAME when the value is exactly `${NAME}`."""
    match = _VARIABLE.match(value) if isinstance(value, str) else None
    return match.group(1) if match else None


def expand_env(value: str, environment: Mapping[str, str]) -> str:
    """Return what `${NAME}` stands for; any other text stands for itself.

    Raises:
        SecretUnreadable: the variable is not set or empty.
    """
    name = variable_of(value)
    if name is None:
        return value
    expanded = environment.get(name, "")
    if not expanded:
        raise SecretUnreadable("variable_not_set", variable=name)
    return expanded


class SecretBox:
    """Seals and opens values. Every clear value it sees becomes known to the redactor.

    Args:
        key_providers: by name, the default one first; the key may stand in any of them.
    """

    def __init__(self, *, key_providers: Mapping[str, KeyProvider], redactor: Redactor) -> None:
        self._providers = dict(key_providers)
        self._preferred = next(iter(self._providers))
        self._redactor = redactor
        self._keys: dict[str, Fernet] = {}
        self._current: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether a value can be sealed now."""
        return self._current is not None

    def knows_key_of(self, sealed: str) -> bool:
        """Whether the key that sealed a value is loaded."""
        match = _SEALED.match(sealed)
        return match is not None and match.group(1) in self._keys

    def prefer(self, name: str) -> None:
        """Name the provider that is to keep the key from the next `load_key` or `create_key` on."""
        if name in self._providers:
            self._preferred = name

    def load_key(self) -> bool:
        """Read the key and move it to the preferred provider; tell whether there is one. Blocks.

        A provider that fails (no keyring on this system) is named in the log and passed over.
        """
        for name in self._order():
            key = self._load_from(name)
            if key is not None:
                self._adopt(key)
                if name != self._preferred:
                    self._move(key, name)
                return True
        return False

    def create_key(self) -> None:
        """Make a key and load it. Blocks. The caller made sure that no sealed value in force needs another.

        Raises:
            SecretKeyUnavailable: no provider can keep one.
        """
        failure: SecretKeyUnavailable | None = None
        for name in self._order():
            try:
                self._adopt(self._providers[name].store(Fernet.generate_key()))
            except SecretKeyUnavailable as error:
                self._tell(name, error)
                failure = error
            else:
                return
        if failure is not None:
            raise failure

    def seal(self, plain: str) -> str:
        """Return the sealed form of a value.

        Raises:
            SecretKeyUnavailable: no key is loaded.
        """
        if self._current is None:
            raise SecretKeyUnavailable("secret_key_missing")
        self._redactor.add_secret(plain)
        return f"v1:{self._current}:{self._keys[self._current].encrypt(plain.encode()).decode()}"

    def unseal(self, sealed: str) -> str:
        """Open a sealed value.

        Raises:
            SecretUnreadable: its key is not at hand, or the value is damaged.
        """
        match = _SEALED.match(sealed)
        if match is None:
            raise SecretUnreadable("secret_enter_again")
        key_id, token = match.groups()
        try:
            plain = self._keys[key_id].decrypt(token.encode()).decode()
        except (KeyError, InvalidToken, UnicodeDecodeError):
            raise SecretUnreadable("secret_enter_again") from None
        self._redactor.add_secret(plain)
        return plain

    def reveal(self, stored: str, environment: Mapping[str, str]) -> str:
        """Return the clear value of what is stored: a sealed value or `${NAME}`.

        Raises:
            SecretUnreadable: enter it again, or set the variable.
        """
        if variable_of(stored) is None:
            return self.unseal(stored)
        plain = expand_env(stored, environment)
        self._redactor.add_secret(plain)
        return plain

    def _order(self) -> tuple[str, ...]:
        return self._preferred, *(name for name in self._providers if name != self._preferred)

    def _load_from(self, name: str) -> bytes | None:
        try:
            return self._providers[name].load()
        except SecretKeyUnavailable as error:
            self._tell(name, error)
            return None

    def _move(self, key: bytes, source: str) -> None:
        """Copy, read back, and only then forget the old place."""
        try:
            kept = self._providers[self._preferred].store(key)
        except SecretKeyUnavailable as error:
            self._tell(self._preferred, error)
            return
        if kept == key:
            self._providers[source].remove()

    def _tell(self, name: str, error: SecretKeyUnavailable) -> None:
        # A provider nobody chose (no keyring on this system) is no trouble when it fails.
        level = logging.WARNING if name == self._preferred else logging.DEBUG
        _log.log(level, "the key provider %s cannot be used: %s", name, error)

    def _adopt(self, key: bytes) -> None:
        # 64 bits of a hash of a random key: enough to tell keys apart, tells nothing about the key.
        key_id = hashlib.sha256(key).hexdigest()[:16]
        self._keys[key_id] = Fernet(key)
        self._current = key_id
        self._redactor.add_secret(key.decode())
