"""Who makes the call that is being answered; whatever audits a change asks it.

Owns the variable only. The HTTP interface sets it for the task of a request; calls in process leave it alone.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

IN_PROCESS: Final = "api"

current_caller: Final[ContextVar[str]] = ContextVar("current_caller", default=IN_PROCESS)
"""As the audit log names it: `api` in this process, `attach`, `api:<token name>`."""
