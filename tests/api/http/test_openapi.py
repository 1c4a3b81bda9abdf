"""The OpenAPI document says what the routes do: requests made from it find no 5xx and no broken promise."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.http.served import Served
from wxauto_mgt.api.http.routes.events import PATH as EVENTS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# An endless answer; and what takes the tested console away from the test.
LEFT_OUT = {EVENTS, "/api/monitor/update_settings", "/api/monitor/revoke_token"}
EXAMPLES = {schemathesis.GenerationMode.POSITIVE: 3, schemathesis.GenerationMode.NEGATIVE: 2}


async def test_the_document_describes_every_route_with_examples(served: Served) -> None:
    document = (await served.get("/openapi.json")).json
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 60
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations:
        assert operation["summary"], path
        failures = {code for code in operation["responses"] if code.startswith(("4", "5"))}
        assert failures, (method, path)
        if path != "/health":
            assert "401" in failures
            problem = operation["responses"]["401"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
    schemas = document["components"]["schemas"]
    for name in ("Problem", "Reply", "Health", "DetailedHealth", "Outcome", "NewRule", "Trigger"):
        assert schemas[name]["examples"], name


async def test_requests_made_from_the_document_keep_its_promises(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    def of_note(record: logging.LogRecord) -> bool:
        return record.levelno != logging.WARNING

    # Nonsense may well be warned of; an error of our own would still fail the test.
    caplog.handler.addFilter(of_note)
    try:
        await asyncio.to_thread(_ask_at_random, served.url, served.tokens["admin"])
    finally:
        caplog.handler.removeFilter(of_note)


def _ask_at_random(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=headers)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in LEFT_OUT:
            continue
        for mode, examples in EXAMPLES.items():
            _ask(operation.as_strategy(generation_mode=mode), headers, examples)


def _ask(cases: Any, headers: dict[str, str], examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def ask(case: Any) -> None:
        response = case.call(headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS)

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # without arguments there are no wrong ones
        ask()
