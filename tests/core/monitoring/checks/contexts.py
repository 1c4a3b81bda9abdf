"""What a kind of check is given, made for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from wxauto_mgt.core.config.model import JSON, ConfigModel
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckResult
from wxauto_mgt.runtime.clock import SystemClock

M = TypeVar("M", bound=ConfigModel)
NOT_USED = cast("Any", None)


def config_of(model: type[M], **fields: JSON) -> M:
    """A configuration as a document gives it."""
    return validate_document(model, fields, place="service tested")


def context(**given: Any) -> CheckContext:
    """A context in which nothing was pushed or measured, with parts replaced."""
    plain = CheckContext(
        service="tested",
        port=None,
        clock=SystemClock(),
        data_dir=Path(),
        pushed=lambda _service: None,
        instances=NOT_USED,
        db=NOT_USED,
        figures=lambda _name: None,
    )
    return replace(plain, **given)


def said(result: CheckResult) -> tuple[str, str]:
    """What matters most of a result."""
    return result.outcome.value, result.reason_code
