"""What every log record says while one request is worked on: its id, and who asks.

Owns the variable; the HTTP interface sets it for the task of a request, the pipeline reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

log_context: Final[ContextVar[Mapping[str, str]]] = ContextVar("log_context", default=MappingProxyType({}))
"""Fields of `record.CONTEXT_FIELDS`; what a log call gives itself wins."""
