"""The environment that consoles of tests run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FREE_PORT: Final[Mapping[str, str]] = {"WXAUTO_MGT_API_PORT": "0"}
"""The HTTP API takes any free port: tests run side by side."""
