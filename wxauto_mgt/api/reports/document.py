"""A document of headed sections with lines and tables, and its three renderings. Pure.

Owns how text is escaped; not what a report says. `health_document` makes one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_MARKDOWN_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~])")
_STYLE: Final = (
    "body{font:15px/1.6 system-ui,'Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}"
    "table{border-collapse:collapse;width:100%}th{background:#f6f8fa}"
    "th,td{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th{background:#161b22}"
    "th,td{border-color:#30363d}}"
)


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as the header has."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A heading with lines below it, then a table if there is one."""

    heading: str
    lines: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        lead: what matters most, in a few lines.
    """

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...] = field(default=())


def as_markdown(document: Document) -> str:
    """Render as GitHub-flavoured Markdown; what comes from outside cannot become markup."""
    return "\n".join(_markdown_lines(document)) + "\n"


def as_html(document: Document, *, language: str) -> str:
    """Render as one page without scripts or outside references."""
    parts = [f"<h1>{html.escape(document.title)}</h1>", *_html_lines(document.lead)]
    for section in document.sections:
        parts += [f"<h2>{html.escape(section.heading)}</h2>", *_html_lines(section.lines)]
        if section.table is not None:
            parts.append(_html_table(section.table))
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(document.title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def as_text(document: Document) -> str:
    """Render for a chat: no markup, a table row as one line."""
    lines = [*document.lead]
    for section in document.sections:
        lines += ["", f"【{section.heading}】", *section.lines]
        if section.table is not None:
            lines += [" · ".join(cell for cell in row if cell) for row in section.table.rows]
    return "\n".join(lines)


def _markdown_lines(document: Document) -> Iterator[str]:
    yield f"# {_marked(document.title)}"
    yield ""
    yield from (f"- {_marked(line)}" for line in document.lead)
    for section in document.sections:
        yield ""
        yield f"## {_marked(section.heading)}"
        yield ""
        yield from (f"- {_marked(line)}" for line in section.lines)
        if section.table is not None:
            if section.lines:
                yield ""
            yield _markdown_row(section.table.header)
            yield _markdown_row(("---",) * len(section.table.header), is_literal=True)
            yield from (_markdown_row(row) for row in section.table.rows)


def _markdown_row(cells: tuple[str, ...], *, is_literal: bool = False) -> str:
    return "| " + " | ".join(cell if is_literal else _marked(cell) for cell in cells) + " |"


def _marked(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _html_lines(lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
