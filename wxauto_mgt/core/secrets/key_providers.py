"""Where the sealing key is kept: a file that only its owner reads, or the system's keyring.

Never replaces a key. Does not decide when a key may be made: the configuration service does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

import keyring
from cryptography.fernet import Fernet
from keyring.errors import KeyringError

from wxauto_mgt.errors import SecretKeyUnavailable
from wxauto_mgt.runtime.platform import restrict_to_owner

KEYRING_SERVICE: Final = "wxauto-mgt"


class KeyProvider(Protocol):
    """Keeps one Fernet key. Blocks on disk or on the system's keyring."""

    def load(self) -> bytes | None:
        """Return the key, or None when there is none; SecretKeyUnavailable when it cannot be told."""
        ...

    def store(self, key: bytes) -> bytes:
        """Keep a key where there is none yet, and return the key that is kept.

        Another process may have been first: then its key is the answer.
        """
        ...

    def remove(self) -> None:
        """Forget the key, after it was moved elsewhere."""
        ...


class KeyFileProvider:
    """`secret.key` in the data folder: one line, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        """Return the key of the file, or None without a file."""
        try:
            key = self._path.read_bytes().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretKeyUnavailable("secret_key_unreadable", path=str(self._path)) from error
        return _checked(key, where=str(self._path))

    def store(self, key: bytes) -> bytes:
        """Create the file whole or not at all; a file that exists stays."""
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key + b"\n")
                file.flush()
                os.fsync(file.fileno())
            restrict_to_owner(draft)
            _publish(draft, self._path)
        except FileExistsError:
            pass
        except OSError as error:
            raise SecretKeyUnavailable("secret_key_unwritable", path=str(self._path)) from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        kept = self.load()
        if kept is None:
            raise SecretKeyUnavailable("secret_key_unwritable", path=str(self._path))
        return kept

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


class KeyringProvider:
    """The system's keyring. Headless Linux has none: every call then says so.

    Args:
        account: tells the keys of several data folders apart.
    """

    def __init__(self, account: str) -> None:
        self._account = account

    def load(self) -> bytes | None:
        """Ask the keyring."""
        try:
            key = keyring.get_password(KEYRING_SERVICE, self._account)
        except KeyringError as error:
            raise SecretKeyUnavailable("keyring_unavailable", cause=type(error).__name__) from error
        return None if key is None else _checked(key.encode(), where="keyring")

    def store(self, key: bytes) -> bytes:
        """Put the key into the keyring and read it back."""
        existing = self.load()
        if existing is not None:
            return existing
        try:
            keyring.set_password(KEYRING_SERVICE, self._account, key.decode())
        except KeyringError as error:
            raise SecretKeyUnavailable("keyring_unavailable", cause=type(error).__name__) from error
        kept = self.load()
        if kept is None:
            raise SecretKeyUnavailable("keyring_unavailable", cause="KeyNotKept")
        return kept

    def remove(self) -> None:
        """Delete the entry."""
        with contextlib.suppress(KeyringError):
            keyring.delete_password(KEYRING_SERVICE, self._account)


def providers_of(data_dir: Path) -> dict[str, KeyProvider]:
    """Return the providers of a data folder by name, the default one first."""
    return {
        "file": KeyFileProvider(data_dir / "secret.key"),
        "keyring": KeyringProvider(str(data_dir.resolve())),
    }


def _publish(draft: Path, path: Path) -> None:
    """Give the finished file its name without ever replacing another one."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (FAT): a check and a rename are the next best thing.
        if path.exists():
            raise FileExistsError(path) from None
        draft.rename(path)


def _checked(key: bytes, *, where: str) -> bytes:
    try:
        Fernet(key)
    except ValueError as error:
        raise SecretKeyUnavailable("secret_key_damaged", path=where) from error
    return key
