"""The list of operations, made from the OpenAPI document: no script, nothing from other hosts.

The usual viewers load theirs from a content network, and this machine may have no way there.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wxauto_mgt.api.http.pages.login import Page, source_hash, style

_METHODS: Final = ("get", "post", "put", "delete")
_JSON: Final = "application/json"


def operations_page(document: Mapping[str, Any]) -> Page:
    """Make the page. Blocks: reads a file."""
    css = style()
    info = document["info"]
    title = html.escape(f"{info['title']} {info['version']}")
    parts = "".join(_groups(document))
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{css}</style></head><body><h1>{title}</h1><p>{html.escape(info.get('summary', ''))}"
        " Machine-readable: <code>/openapi.json</code>. Each request needs"
        " <code>Authorization: Bearer TOKEN</code>, except those marked public.</p>"
        f"{parts}</body></html>"
    )
    policy = (
        f"default-src 'none'; style-src {source_hash(css)};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(body.encode("utf-8", "xmlcharrefreplace"), policy)


def _groups(document: Mapping[str, Any]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                tag = next(iter(operation.get("tags", ())), "")
                groups.setdefault(tag, []).append(_row(method, path, operation, document))
    for tag, rows in groups.items():
        yield f"<h2>{html.escape(tag)}</h2><table><tbody>{''.join(rows)}</tbody></table>"


def _row(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    public = " (public)" if operation.get("security") == [] else ""
    parameters = ", ".join(
        parameter["name"] + ("" if parameter.get("required") else "?")
        for parameter in operation.get("parameters", ())
    )
    given = f" <code>{html.escape(parameters)}</code>" if parameters else ""
    body = _body(operation, document)
    shown = f"<pre>{html.escape(body)}</pre>" if body else ""
    summary = html.escape(operation.get("summary", ""))
    return (
        f"<tr><td><code>{method.upper()} {html.escape(path)}</code>{public}</td>"
        f"<td>{summary}{given}{shown}</td></tr>"
    )


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """An example of the body, or the names of its fields."""
    schema = operation.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema", {})
    found = _resolved(schema, document)
    examples = found.get("examples")
    if examples:
        return json.dumps(examples[0], ensure_ascii=False, indent=1)
    required = set(found.get("required", ()))
    names = [name + ("" if name in required else "?") for name in found.get("properties", {})]
    return "{" + ", ".join(names) + "}" if names else ""


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    for one in (schema, *schema.get("anyOf", ())):
        name = str(one.get("$ref", "")).rpartition("/")[2]
        found: Mapping[str, Any] | None = document["components"]["schemas"].get(name)
        if found is not None:
            return found
    return schema
