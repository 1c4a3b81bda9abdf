"""Takes secrets out of what is about to be logged or shown: by field name and by value.

Knows the values that were sealed or opened in this process. The log pipeline and the audit log call it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
MIN_SECRET_CHARS: Final = 8

# `key` alone would hide chat keys and cache keys; names that end in `_key` are meant for machines.
_SECRET_NAME: Final = re.compile(
    r"(?:^|[_\-.])(?:api_?key|app_?key|secret_?key|access_?key|private_?key|x-api-key|token|secret|password|passwd|pwd"
    r"|authorization|cookie|credential|credentials|app_?secret|webhook_?url)$",
    re.IGNORECASE,
)


class Redactor:
    """Replaces known secret values and the values of secret fields by a mask. Safe on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: tuple[str, ...] = ()

    def add_secret(self, value: str) -> None:
        """Mask a value from now on; shorter than 8 characters it would hit innocent text and is left out."""
        if len(value) < MIN_SECRET_CHARS or value in self._spellings:
            return
        spellings = {
            value,
            quote(value, safe=""),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
        }
        with self._lock:
            # Longest first, so that a secret inside another one leaves no rest.
            self._spellings = tuple(
                sorted({*self._spellings, *spellings}, key=lambda text: (-len(text), text))
            )

    def redact_text(self, text: str) -> str:
        """Return the text with every known secret masked."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text

    def redact_mapping(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return a copy in which secret fields are masked by name, and all other text by value."""
        return {
            name: MASK if _names_secret(name, value) else self._redact(value)
            for name, value in fields.items()
        }

    def _redact(self, value: object) -> object:
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, Mapping):
            return self.redact_mapping({str(name): entry for name, entry in value.items()})
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            return [self._redact(entry) for entry in value]
        return value


def _names_secret(name: str, value: object) -> bool:
    """Numbers and flags under such a name (`token: 42` of a usage count) tell nothing away."""
    if value is None or isinstance(value, bool | int | float):
        return False
    return is_secret_name(name)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is taken to hold a secret."""
    return _SECRET_NAME.search(name) is not None
