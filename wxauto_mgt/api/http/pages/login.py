"""The log-in page: one file with everything in it, its script and style named by their hashes.

Owns the page's making; what it shows it asks of the API with the token that a person enters.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wxauto_mgt.texts.catalogue import Catalogue

_FOLDER: Final = Path(__file__).parent
_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")
_WORDS: Final = (
    "title",
    "token",
    "token_help",
    "log_in",
    "overall",
    "service",
    "state",
    "last_check",
    "message",
    "refresh",
    "docs",
    "log_out",
)
_STATUSES: Final = ("healthy", "degraded", "unhealthy", "unknown")


@dataclass(frozen=True)
class Page:
    """A whole page and the policy under which it works."""

    body: bytes
    content_policy: str


def login_page(catalogue: Catalogue) -> Page:
    """Make the page in one language. Blocks: reads files."""
    css, script = style(), (_FOLDER / "login.js").read_text(encoding="utf-8")
    texts = {status: catalogue.text(f"check_status.{status}") for status in _STATUSES}
    texts["unreachable"] = catalogue.text("http.page.unreachable")
    escaped = {word: html.escape(catalogue.text(f"http.page.{word}")) for word in _WORDS}
    body = filled(
        (_FOLDER / "login.html").read_text(encoding="utf-8"),
        {
            **escaped,
            "lang": catalogue.language.value.replace("_", "-"),
            "texts": html.escape(json.dumps(texts, ensure_ascii=False)),
            "css": css,
            "js": script,
        },
    )
    policy = (
        f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(css)};"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(body.encode(), policy)


def style() -> str:
    """The style of both pages. Blocks: reads a file."""
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


def source_hash(source: str) -> str:
    """Name an inline script or style in a content policy."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def filled(template: str, values: Mapping[str, str]) -> str:
    """Fill the slots of a template; what is filled in is not looked at again."""
    return _SLOT.sub(lambda slot: values[slot[1]], template)
