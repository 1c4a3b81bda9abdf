"""What answers a call of `MonitorAPI`: plain data, and what stands beside it in the reply.

Each part of the product brings its own group of answers; `LocalMonitorAPI` makes replies of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wxauto_mgt.api.replies import JSON, Fields


@dataclass(frozen=True)
class Answer:
    """The data of a call that worked; one that did not raises a `ConsoleError`."""

    data: JSON
    beside: Fields = field(default_factory=dict)


Answerer: TypeAlias = Callable[..., Awaitable[Answer]]
Answers: TypeAlias = Mapping[str, Answerer]
