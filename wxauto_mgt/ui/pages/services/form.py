"""The form of a service: fields of its kind of check, of its repairs, of its process.

Owns how the document looks in a form and comes back from it; the section decides what is allowed.
Called by the services page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.forms.schema import FieldSpec, Variant, defaults_of, fields_of, get
from wxauto_mgt.ui.pages.services.wording import begun, kind_word
from wxauto_mgt.ui.words import Words

_CHECK_GROUP: Final = "service.group.check"
_ACTION: Final = "action"
_PRESET: Final = "preset"
_LIMIT: Final = FieldSpec(
    "timeout_s", Widget.NUMBER, label="services.step_limit", unit="unit.seconds", is_nullable=True
)


class ServiceForms:
    """Makes the fields of a service's form.

    Args:
        presets: the parameters of the ready-made ladders, by name.
    """

    def __init__(
        self, *, words: Words, editing: ConfigEditing, presets: Mapping[str, Mapping[str, JSON]]
    ) -> None:
        self._words = words
        self._editing = editing
        self._presets = presets

    def types(self) -> list[tuple[str, str]]:
        """Kinds of checks that a service can have, with their words."""
        return [(name, kind_word(self._words, name)) for name in self._check_schemas()]

    def more(self, type_name: str) -> tuple[FieldSpec, ...]:
        """The fields that only services with one kind of check have, and those that a schema cannot show."""
        kind = FieldSpec(
            "check.type",
            Widget.CHOICE,
            label="services.check_type",
            group=_CHECK_GROUP,
            order=90,
            choices=tuple((name, f"check_kind.type.{name}") for name in self._check_schemas()),
        )
        own = fields_of(self._check_schemas().get(type_name, {}), prefix="check.")
        by_path = {spec.path: spec for spec in self._editing.specs(SERVICE)}
        parents = replace(by_path["depends_on"], widget=Widget.REFERENCES, refers_to=SERVICE)
        steps = replace(by_path["repairs"], widget=Widget.VARIANTS, variants=self._steps())
        # Not required in a form: without a program the service has no process.
        program = replace(by_path["process.command"], is_required=False)
        return (parents, kind, *(replace(spec, group=_CHECK_GROUP) for spec in own), steps, program)

    def more_of(self, service_id: str) -> tuple[FieldSpec, ...]:
        """The same for a stored service."""
        configured: Mapping[str, ServiceConfig] = self._editing.snapshot.candidate.objects(SERVICE)
        found = configured.get(service_id)
        return self.more(found.check.type) if found is not None else ()

    def new_document(self, type_name: str) -> dict[str, JSON]:
        """What the form for a new service opens with."""
        check = get(defaults_of(self.more(type_name)), "check")
        own = check if isinstance(check, dict) else {}
        return {"name": self._editing.free_id(SERVICE, type_name), "check": {**own, "type": type_name}}

    @staticmethod
    def prepare(document: dict[str, JSON]) -> dict[str, JSON]:
        """What a form means: without a program there is no process."""
        process = document.get("process")
        has_program = isinstance(process, dict) and process.get("command")
        return document if has_program else {**document, "process": None}

    def _steps(self) -> tuple[Variant, ...]:
        found = get(self._editing.config.sections[SERVICE].schema(), "properties.repairs.items.by_type")
        schemas = found if isinstance(found, dict) else {}
        actions = [
            Variant(_ACTION, name, self._named(f"repair_type.{name}", name), (*fields_of(schema), _LIMIT))
            for name, schema in schemas.items()
            if isinstance(schema, dict)
        ]
        ready_made = [
            Variant(_PRESET, name, self._named(f"services.preset.{name}", name), fields_of(schema))
            for name, schema in self._presets.items()
        ]
        return (*ready_made, *actions)

    def _named(self, key: str, name: str) -> str:
        return begun(self._words(key)) if self._words.has(key) else name

    def _check_schemas(self) -> Mapping[str, Mapping[str, JSON]]:
        found = get(self._editing.config.sections[SERVICE].schema(), "properties.check.by_type")
        schemas = found if isinstance(found, dict) else {}
        return {name: schema for name, schema in schemas.items() if isinstance(schema, dict)}
