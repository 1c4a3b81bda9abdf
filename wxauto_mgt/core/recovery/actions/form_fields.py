"""Form hints of the actions' fields: their texts stand under `repair_field.<action>.<field>`."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.config.form_hints import FieldHints

SECONDS: Final = "unit.seconds"
GROUP: Final = "repair_field.group"
shown: Final = FieldHints(labels="repair_field", helps="repair_field.help", group=GROUP)
