"""Form hints of the kinds' fields. Texts of fields that several kinds have stand under `check_kind.field`."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.config.form_hints import FieldHints

CHECK_GROUP: Final = "check_kind.group.check"
shown: Final = FieldHints(labels="check_kind.field", helps="check_kind.help", group=CHECK_GROUP)
