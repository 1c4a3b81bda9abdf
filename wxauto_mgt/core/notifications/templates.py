"""Fills `{name}` in texts that a person wrote. Pure; nothing but plain names is ever looked up.

`str.format` would let a template reach attributes of what it is given, and build texts of any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Final

from wxauto_mgt.core.config.model import refuse

MAX_VALUE_CHARS: Final = 2_000


def fill(template: str, fields: Mapping[str, object]) -> str:
    """Return the template with its fields filled in; never raises.

    A name that is not there stays visible as written; so does the whole template when it is malformed.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return template
    filled = []
    for literal, name, spec, conversion in parts:
        filled.append(literal)
        if name is None:
            continue
        if spec or conversion or name not in fields:
            filled.append(_as_written(name, spec, conversion))
        else:
            filled.append(_shown(fields[name]))
    return "".join(filled)


def check_template(template: str) -> str:
    """Return the template, or refuse what `fill` would leave as it is whatever it is given."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise refuse("template_malformed") from None
    for _, name, spec, conversion in parts:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise refuse("template_field", name=_as_written(name, spec, conversion))
    return template


def _shown(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:MAX_VALUE_CHARS]


def _as_written(name: str, spec: str | None, conversion: str | None) -> str:
    return "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
