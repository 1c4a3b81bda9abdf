"""Presentation hints that a model's fields carry in their JSON Schema, for forms built from the schema.

Owns the vocabulary only; models use it as `Field(json_schema_extra=...)`, the window reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic.config import JsonDict


class Widget(StrEnum):
    """Which editor suits a field. Hint `widget`; where none is given, the JSON type decides."""

    TEXT = "text"
    MULTILINE = "multiline"
    SECRET = "secret"  # noqa: S105 - the name of a widget
    URL = "url"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    CHOICES = "choices"  # some of a fixed set
    WORDS = "words"  # a list of short texts
    PAIRS = "pairs"  # a mapping of short texts to short texts
    TABLE = "table"  # a list of mappings, one row each
    VARIANTS = "variants"  # a list of mappings, each of one of several kinds
    REFERENCE = "reference"  # id of an object of the kind in hint `refers_to`
    REFERENCES = "references"  # ordered list of such ids


def hints(
    label: str,
    *,
    group: str,
    order: int,
    widget: Widget | None = None,
    help_key: str = "",
    choices: str = "",
    refers_to: str = "",
    unit: str = "",
    offers_any: bool = False,
) -> JsonDict:
    """Make the hints of one field.

    Args:
        label: catalogue key of the field's label.
        group: catalogue key of the heading that the field stands under.
        order: position in the form, ascending over all groups.
        help_key: catalogue key of one helping sentence.
        choices: catalogue key prefix of an enum's labels: `<choices>.<value>`.
        refers_to: kind of the object that a reference names.
        unit: catalogue key of the unit shown behind a number.
        offers_any: whether a reference may also be `*`, all objects; a default of `*` says so by itself.
    """
    given: dict[str, str] = {
        "label": label,
        "group": group,
        "widget": widget.value if widget else "",
        "help": help_key,
        "choices": choices,
        "refers_to": refers_to,
        "unit": unit,
    }
    found: JsonDict = {name: value for name, value in given.items() if value}
    found["order"] = order
    if offers_any:
        found["offers_any"] = True
    return found


@dataclass(frozen=True)
class FieldHints:
    """Makes the hints of fields whose texts stand under common keys.

    Attributes:
        labels: catalogue key prefix of the labels: `<labels>.<field>`.
        helps: catalogue key prefix of the helping sentences.
        group: heading of the fields that name no other.
    """

    labels: str
    helps: str = ""
    group: str = ""

    def __call__(
        self,
        field: str,
        order: int,
        *,
        group: str = "",
        widget: Widget | None = None,
        has_help: bool = False,
        help_key: str = "",
        choices: str = "",
        refers_to: str = "",
        unit: str = "",
        offers_any: bool = False,
    ) -> JsonDict:
        """Make the hints of one field; see `hints`.

        Args:
            has_help: whether a sentence stands under `<helps>.<field>`; elsewhere: `help_key`.
        """
        return hints(
            f"{self.labels}.{field}",
            group=group or self.group,
            order=order,
            widget=widget,
            help_key=f"{self.helps}.{field}" if has_help else help_key,
            choices=choices,
            refers_to=refers_to,
            unit=unit,
            offers_any=offers_any,
        )
