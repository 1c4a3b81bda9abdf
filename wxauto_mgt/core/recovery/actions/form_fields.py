"""Form hints of the actions' fields: their texts stand under `repair_field.<action>.<field>`."""

from __future__ import annotations

from typing import Final

from pydantic.config import JsonDict

from wxauto_mgt.core.config.form_hints import Widget, hints

SECONDS: Final = "unit.seconds"
_GROUP: Final = "repair_field.group"


def shown(
    name: str,
    order: int,
    *,
    widget: Widget | None = None,
    unit: str = "",
    refers_to: str = "",
    help_key: str = "",
) -> JsonDict:
    """Make the hints of a field.

    Args:
        name: `<action>.<field>`.
    """
    return hints(
        f"repair_field.{name}",
        group=_GROUP,
        order=order,
        widget=widget,
        unit=unit,
        refers_to=refers_to,
        help_key=help_key,
    )
