"""Turns pydantic models into sections, and pydantic's errors into our own Problems.

Never shows pydantic's English, nor the value that was refused: it may be a secret. Slices call it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wxauto_mgt.core.config.model import (
    JSON,
    REFUSAL_PREFIX,
    Candidate,
    ConfigModel,
    ConfigSection,
    Document,
    place_of,
)
from wxauto_mgt.errors import ConfigError, Fact, Problem

M = TypeVar("M", bound=ConfigModel)

# pydantic's error type -> (our reason, names of the context facts that the sentence uses)
_REASONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "missing": ("missing", ()),
    "extra_forbidden": ("unknown_key", ()),
    "string_too_short": ("too_short", ("min_length",)),
    "string_too_long": ("too_long", ("max_length",)),
    "too_short": ("too_few", ("min_length",)),
    "too_long": ("too_many", ("max_length",)),
    "greater_than": ("not_above", ("gt",)),
    "greater_than_equal": ("below_minimum", ("ge",)),
    "less_than": ("not_under", ("lt",)),
    "less_than_equal": ("above_maximum", ("le",)),
    "multiple_of": ("bad_value", ()),
    "finite_number": ("not_finite", ()),
    "literal_error": ("not_one_of", ("expected",)),
    "enum": ("not_one_of", ("expected",)),
    "string_pattern_mismatch": ("bad_value", ()),
    "union_tag_invalid": ("not_one_of", ("expected_tags",)),
    "union_tag_not_found": ("missing", ()),
}

# pydantic's error type -> our reason, where the value has the wrong type
_WRONG_TYPES: Final[Mapping[str, str]] = {
    "string_type": "expected_text",
    "string_sub_type": "expected_text",
    "int_type": "expected_whole_number",
    "int_from_float": "expected_whole_number",
    "int_parsing": "expected_whole_number",
    "float_type": "expected_number",
    "float_parsing": "expected_number",
    "bool_type": "expected_yes_or_no",
    "bool_parsing": "expected_yes_or_no",
    "list_type": "expected_list",
    "tuple_type": "expected_list",
    "set_type": "expected_list",
    "frozen_set_type": "expected_list",
    "dict_type": "expected_mapping",
    "mapping_type": "expected_mapping",
    "model_type": "expected_mapping",
    "model_attributes_type": "expected_mapping",
    "dataclass_type": "expected_mapping",
}


def pydantic_section(
    *,
    kind: str,
    document_key: str,
    model: type[M],
    secret_fields: Sequence[str] | Callable[[Document], tuple[str, ...]] = (),
    check: Callable[[Candidate], Iterable[Problem]] | None = None,
    id_of: Callable[[Document], str] | None = None,
    id_fields: tuple[str, ...] = ("id",),
) -> ConfigSection[M]:
    """Make the section of objects that one pydantic model describes."""
    if callable(secret_fields):
        secrets_of = secret_fields
    else:
        fixed = tuple(secret_fields)

        def secrets_of(_document: Document) -> tuple[str, ...]:
            return fixed

    name_of = id_of or _text_id

    def parse(document: Document) -> M:
        return validate_document(model, document, place=place_of(kind, name_of(document)))

    return ConfigSection(
        kind=kind,
        document_key=document_key,
        parse=parse,
        id_of=name_of,
        schema=model.model_json_schema,
        secret_fields=secrets_of,
        check=check or _nothing_to_check,
        id_fields=id_fields,
    )


def validate_document(model: type[M], document: Document, *, place: str, field_prefix: str = "") -> M:
    """Parse a document strictly.

    Args:
        field_prefix: where the document stands inside its object, such as `config.`.

    Raises:
        ConfigError: one Problem per finding, in document order.
    """
    try:
        # By way of JSON: its strict mode refuses "1" for 1 and 1 for "1", yet takes a list for a tuple
        # and a string for an enum, which a strict validation of Python objects would not.
        return model.model_validate_json(json.dumps(document, ensure_ascii=True))
    except ValidationError as error:
        raise ConfigError(problems_of(error, place=place, field_prefix=field_prefix)) from None


def problems_of(error: ValidationError, *, place: str, field_prefix: str = "") -> tuple[Problem, ...]:
    """Translate pydantic's findings; its English and the refused values, perhaps secret, stay behind."""
    problems = []
    for detail in error.errors(include_url=False, include_input=False):
        path = field_prefix + ".".join(str(part) for part in detail["loc"])
        reason, params = _reason_of(detail)
        problems.append(Problem(place=place, field=path.rstrip("."), reason=reason, params=params))
    return tuple(problems)


def _reason_of(detail: ErrorDetails) -> tuple[str, dict[str, Fact]]:
    code = detail["type"]
    context = detail.get("ctx", {})
    if code.startswith(REFUSAL_PREFIX):
        return code.removeprefix(REFUSAL_PREFIX), {name: _fact(value) for name, value in context.items()}
    if code in _WRONG_TYPES:
        return _WRONG_TYPES[code], {}
    reason, names = _REASONS.get(code, ("bad_value", ()))
    params = {name: _fact(context.get(name)) for name in names}
    if reason == "not_one_of":
        # pydantic writes "'a', 'b' or 'c'": keep the words, drop its English
        expected = str(next(iter(params.values()), ""))
        params = {
            "expected": ", ".join(part.strip("' ") for part in expected.replace(" or ", ", ").split(","))
        }
    return reason, params


def _fact(value: object) -> Fact:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _text_id(document: Document) -> str:
    value: JSON = document.get("id")
    return value if isinstance(value, str) else ""


def _nothing_to_check(_candidate: Candidate) -> Iterable[Problem]:
    return ()
