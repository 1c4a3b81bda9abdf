"""What a log record holds, and how it becomes a line of JSON.

Owns the fields, the categories and the levels; neither queue nor file. The pipeline calls it on its thread.
"""

from __future__ import annotations

import json
import logging
import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol


class Category(StrEnum):
    """Which part of the product a record comes from."""

    API = "API"
    AUTH = "AUTH"
    DATABASE = "DATABASE"
    SYSTEM = "SYSTEM"
    MESSAGE = "MESSAGE"
    DELIVERY = "DELIVERY"
    HEALTH = "HEALTH"
    ALERT = "ALERT"
    NOTIFY = "NOTIFY"
    RECOVERY = "RECOVERY"
    CONFIG = "CONFIG"
    AUDIT = "AUDIT"
    UI = "UI"


class Level(StrEnum):
    """How bad it is; ordered by `number`, which is the standard library's."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"

    @property
    def number(self) -> int:
        """The level's number in the standard library."""
        return _NUMBERS[self]

    @classmethod
    def of(cls, number: int) -> Level:
        """Return the level that a number of the standard library, or one between, belongs to."""
        return next((level for level in reversed(cls) if number >= level.number), cls.DEBUG)


_NUMBERS: Final[Mapping[Level, int]] = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
    Level.CRITICAL: logging.CRITICAL,
}

# The longest prefix that fits wins; what stands nowhere here is SYSTEM.
_CATEGORY_BY_MODULE: Final[Mapping[str, Category]] = {
    "wxauto_mgt.api": Category.API,
    "wxauto_mgt.web": Category.API,
    "wxauto_mgt.core.access": Category.AUTH,
    "wxauto_mgt.core.alerting": Category.ALERT,
    "wxauto_mgt.core.analysis": Category.HEALTH,
    "wxauto_mgt.core.config": Category.CONFIG,
    "wxauto_mgt.core.delivery": Category.DELIVERY,
    "wxauto_mgt.core.instances": Category.API,
    "wxauto_mgt.core.listening": Category.MESSAGE,
    "wxauto_mgt.core.messages": Category.MESSAGE,
    "wxauto_mgt.core.metrics": Category.HEALTH,
    "wxauto_mgt.core.monitoring": Category.HEALTH,
    "wxauto_mgt.core.notifications": Category.NOTIFY,
    "wxauto_mgt.core.platforms": Category.DELIVERY,
    "wxauto_mgt.core.recovery": Category.RECOVERY,
    "wxauto_mgt.core.rules": Category.MESSAGE,
    "wxauto_mgt.core.secrets": Category.AUTH,
    "wxauto_mgt.storage": Category.DATABASE,
    "wxauto_mgt.ui": Category.UI,
}


@lru_cache(maxsize=1024)
def category_of(logger_name: str) -> Category:
    """Derive the category from a logger's module path."""
    name = logger_name
    while name:
        if name in _CATEGORY_BY_MODULE:
            return _CATEGORY_BY_MODULE[name]
        name = name.rpartition(".")[0]
    return Category.SYSTEM


class Redaction(Protocol):
    """Takes secrets out; the redactor of `core.secrets` does it in the product."""

    def redact_text(self, text: str) -> str:
        """Mask known secret values."""
        ...

    def redact_mapping(self, mapping: Mapping[str, object]) -> Mapping[str, object]:
        """Mask the values of fields whose names say that they are secret."""
        ...


Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record, redacted: what the file, the live tail and a search see.

    Attributes:
        sequence: rises by one per record of this run; the cursor of the live tail.
        facts: what the caller gave as `extra` beyond the named fields.
    """

    sequence: int
    timestamp: datetime
    level: Level
    category: Category
    message: str
    module: str
    function: str
    line_number: int
    request_id: str | None
    user_id: str | None
    instance_id: str | None
    message_id: str | None
    trace_id: str | None
    exception: str | None
    facts: Mapping[str, Fact]

    @classmethod
    def of_document(cls, sequence: int, document: Mapping[str, Any]) -> LogEntry:
        """Build the entry again from what `as_document` made of it."""
        return cls(
            sequence=sequence,
            timestamp=datetime.fromisoformat(document["timestamp"]),
            level=Level(document["level"]),
            category=Category(document["category"]),
            facts=document.get("facts", {}),
            **{name: document[name] for name in _PLAIN_FIELDS},
        )

    def as_document(self) -> dict[str, Fact | dict[str, Fact]]:
        """Return the plain values that files and interfaces show; `facts` only where there are some."""
        document: dict[str, Fact | dict[str, Fact]] = {
            "timestamp": self.timestamp.isoformat(),
            "level": self.level.value,
            "category": self.category.value,
            "message": self.message,
            "module": self.module,
            "function": self.function,
            "line_number": self.line_number,
            "request_id": self.request_id,
            "user_id": self.user_id,
            "instance_id": self.instance_id,
            "message_id": self.message_id,
            "trace_id": self.trace_id,
            "exception": self.exception,
        }
        if self.facts:
            document["facts"] = dict(self.facts)
        return document

    def as_json_line(self) -> bytes:
        """Render the line of the file, line feed included; always valid UTF-8 and JSON."""
        text = json.dumps(self.as_document(), ensure_ascii=False, allow_nan=False)
        # Half a surrogate pair has no UTF-8; backslashreplace turns it into the escape that JSON wants.
        return text.encode("utf-8", "backslashreplace") + b"\n"


CONTEXT_FIELDS: Final = ("request_id", "user_id", "instance_id", "message_id", "trace_id")
_PLAIN_FIELDS: Final = ("message", "module", "function", "line_number", *CONTEXT_FIELDS, "exception")
# What people wrote to each other stays out of the logs, even where a caller forgets the rule.
MESSAGE_TEXT_FIELDS: Final = frozenset(
    {"body", "content", "message_text", "prompt", "raw", "reply", "text", "texts"}
)
NOT_LOGGED: Final = "(not logged)"
_STANDARD_FIELDS: Final = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", None, None)).keys()
    | {"message", "asctime", "taskName", "category"}
)


def category_for(record: logging.LogRecord) -> Category:
    """Return the category that the caller gave as `extra`, else the module's."""
    given = record.__dict__.get("category")
    return given if isinstance(given, Category) else category_of(record.name)


def make_entry(
    record: logging.LogRecord, *, sequence: int, timestamp: datetime, message: str, redaction: Redaction
) -> LogEntry:
    """Build the redacted entry of a record whose message was already rendered."""
    extras = record.__dict__
    given = {name: value for name, value in extras.items() if name not in _STANDARD_FIELDS}
    context = {name: _identifier(given.pop(name, None), redaction) for name in CONTEXT_FIELDS}
    facts = {
        name: NOT_LOGGED if name in MESSAGE_TEXT_FIELDS else _plain(value, redaction)
        for name, value in redaction.redact_mapping(given).items()
    }
    return LogEntry(
        sequence=sequence,
        timestamp=timestamp,
        level=Level.of(record.levelno),
        category=category_for(record),
        message=redaction.redact_text(message),
        module=record.name,
        function=record.funcName or "",
        line_number=record.lineno,
        exception=_exception_text(record, redaction),
        facts=facts,
        **context,
    )


def _identifier(value: object, redaction: Redaction) -> str | None:
    return None if value is None else redaction.redact_text(str(value))


def _plain(value: object, redaction: Redaction) -> Fact:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return redaction.redact_text(str(value))


def _exception_text(record: logging.LogRecord, redaction: Redaction) -> str | None:
    if record.exc_info is None or record.exc_info[1] is None:
        return None
    return redaction.redact_text("".join(traceback.format_exception(record.exc_info[1])))
