"""Reads a JSON Schema with our hints into the fields of a form.

Owns the translation only; draws nothing and checks nothing. Called by `SchemaForm` and view-models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON

Schema = Mapping[str, JSON]

_ANY = "*"
_LAST = 10_000


@dataclass(frozen=True)
class FieldSpec:
    """One field of a form.

    Attributes:
        path: dotted path inside the document.
        label: catalogue key; `title` stands in where there is none.
        group: catalogue key of the heading, or "".
        choices: values with the catalogue key of their words.
        has_any: whether `*` is offered beside the objects referred to.
        rows: fields of one row, for tables.
        variants: what a row can be, for lists whose rows differ.
    """

    path: str
    widget: Widget
    label: str = ""
    title: str = ""
    help: str = ""
    unit: str = ""
    group: str = ""
    order: int = _LAST
    default: JSON = None
    is_required: bool = False
    is_nullable: bool = False
    is_integer: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    refers_to: str = ""
    has_any: bool = False
    rows: tuple[FieldSpec, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Variant:
    """One thing that a row of a list can be: its field `key` says `value`.

    Attributes:
        text: what people call it.
    """

    key: str
    value: str
    text: str
    specs: tuple[FieldSpec, ...]

    def is_of(self, row: Mapping[str, JSON]) -> bool:
        """Whether a row is this."""
        return row.get(self.key) == self.value

    def new_row(self) -> dict[str, JSON]:
        """A row with every default."""
        return {self.key: self.value, **defaults_of(self.specs)}


def merged(specs: tuple[FieldSpec, ...], more: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    """Fields of one form; of two at one path the later one counts, at the place of the first."""
    return tuple({spec.path: spec for spec in (*specs, *more)}.values())


def fields_of(schema: Schema, *, prefix: str = "") -> tuple[FieldSpec, ...]:
    """List the fields of an object's schema in the order of the form; nested objects are folded in."""
    return tuple(sorted(_fields(schema, schema, prefix, ""), key=lambda spec: spec.order))


def defaults_of(specs: tuple[FieldSpec, ...]) -> dict[str, JSON]:
    """A document in which each field has its default; fields without one are left out."""
    document: dict[str, JSON] = {}
    for spec in specs:
        if spec.default is not None:
            put(document, spec.path, spec.default)
    return document


def get(document: Mapping[str, JSON], path: str) -> JSON:
    """The value at a dotted path, or None."""
    found: JSON = dict(document)
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def put(document: dict[str, JSON], path: str, value: JSON) -> None:
    """Set the value at a dotted path; mappings on the way are made."""
    *parents, last = path.split(".")
    here = document
    for part in parents:
        below = here.get(part)
        if not isinstance(below, dict):
            below = {}
            here[part] = below
        here = below
    here[last] = value


def _fields(root: Schema, schema: Schema, prefix: str, group: str) -> list[FieldSpec]:
    properties = _mapping(schema.get("properties"))
    required = schema.get("required")
    wanted = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    found: list[FieldSpec] = []
    for name, raw in properties.items():
        shape, is_nullable = _resolve(root, _mapping(raw))
        path = f"{prefix}{name}"
        own_group = _text(shape, "group") or group
        if shape.get("type") == "object" and shape.get("properties"):
            # The heading and place of a nested object are those of its own field.
            nested = _fields(root, shape, f"{path}.", own_group)
            found.extend(nested)
        elif shape.get("type") != "object" or _is_pairs(shape):
            found.append(
                _field(root, shape, path, own_group, is_nullable=is_nullable, is_required=name in wanted)
            )
    return found


def _field(
    root: Schema, shape: Schema, path: str, group: str, *, is_nullable: bool, is_required: bool
) -> FieldSpec:
    items, _ = _resolve(root, _mapping(shape.get("items")))
    order = shape.get("order")
    return FieldSpec(
        path=path,
        widget=_widget(shape, items),
        label=_text(shape, "label"),
        title=_text(shape, "title") or path.rsplit(".", 1)[-1],
        help=_text(shape, "help"),
        unit=_text(shape, "unit"),
        group=group,
        order=order if isinstance(order, int) else _LAST,
        default=shape.get("default"),
        is_required=is_required,
        is_nullable=is_nullable,
        is_integer=shape.get("type") == "integer",
        minimum=_number(shape, "minimum", "exclusiveMinimum"),
        maximum=_number(shape, "maximum", "exclusiveMaximum"),
        choices=_choices(shape, items),
        refers_to=_text(shape, "refers_to"),
        has_any=shape.get("default") == _ANY or shape.get("offers_any") is True,
        rows=tuple(sorted(_fields(root, items, "", ""), key=lambda spec: spec.order))
        if items.get("properties")
        else (),
    )


def _widget(shape: Schema, items: Schema) -> Widget:
    hint = _text(shape, "widget")
    if hint:
        return Widget(hint)
    if shape.get("refers_to"):
        return Widget.REFERENCES if shape.get("type") == "array" else Widget.REFERENCE
    if shape.get("enum"):
        return Widget.CHOICE
    if _is_pairs(shape):
        return Widget.PAIRS
    if shape.get("type") == "array":
        if items.get("enum"):
            return Widget.CHOICES
        return Widget.TABLE if items.get("properties") else Widget.WORDS
    by_type = {"boolean": Widget.SWITCH, "integer": Widget.NUMBER, "number": Widget.NUMBER}
    return by_type.get(str(shape.get("type")), Widget.TEXT)


def _choices(shape: Schema, items: Schema) -> tuple[tuple[str, str], ...]:
    values = shape.get("enum") or items.get("enum")
    prefix = _text(shape, "choices")
    if not isinstance(values, list):
        return ()
    return tuple((str(value), f"{prefix}.{value}" if prefix else "") for value in values)


def _resolve(root: Schema, shape: Schema) -> tuple[dict[str, JSON], bool]:
    """Follow `$ref`, unfold `X | None`; what stands beside a reference wins over what it names."""
    is_nullable = False
    found = dict(shape)
    while True:
        if isinstance(reference := found.pop("$ref", None), str):
            definitions = _mapping(root.get("$defs"))
            found = {**_mapping(definitions.get(reference.rsplit("/", 1)[-1])), **found}
        elif isinstance(together := found.pop("allOf", None), list) and len(together) == 1:
            found = {**_mapping(together[0]), **found}
        elif isinstance(options := found.pop("anyOf", None), list):
            some = [_mapping(option) for option in options if _mapping(option).get("type") != "null"]
            is_nullable = len(some) < len(options)
            found = {**(some[0] if some else {}), **found}
        else:
            break
    if "const" in found and "enum" not in found:
        found["enum"] = [found["const"]]
    return found, is_nullable


def _is_pairs(shape: Schema) -> bool:
    """Whether it is a mapping of any names to texts."""
    return _mapping(shape.get("additionalProperties")).get("type") == "string"


def _mapping(value: JSON) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def _text(shape: Schema, name: str) -> str:
    value = shape.get(name)
    return value if isinstance(value, str) else ""


def _number(shape: Schema, *names: str) -> float | None:
    for name in names:
        value = shape.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None
