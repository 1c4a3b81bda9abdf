"""Puts the routes together and turns whatever goes wrong in them into problems.

Owns the FastAPI application; the checks around it are `security`'s, the socket is `server`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from wxauto_mgt.api.http.problems import PROBLEM_JSON, Problem, ProblemError, problem_body
from wxauto_mgt.api.http.replies import ConsoleJson
from wxauto_mgt.api.http.security import REQUEST_ID

Sentence = Callable[..., str]

_CODES: Final = {404: "not_found", 405: "method_not_allowed"}
_MOST_FINDINGS: Final = 20


def make_application(routers: Sequence[APIRouter], *, version: str, sentence: Sentence) -> FastAPI:
    """Make the application.

    Args:
        sentence: the words of a problem: code and parameters in, one sentence out.
    """
    app = FastAPI(
        title="wxauto-mgt",
        version=version,
        summary="The local HTTP API of one console.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        default_response_class=ConsoleJson,
    )
    for router in routers:
        app.include_router(router)

    def answer(request: Request, problem: ProblemError) -> Response:
        detail = problem.detail or sentence(problem.code, **problem.params)
        request_id = request.scope[REQUEST_ID]
        body = problem_body(problem.status, problem.code, detail, request_id, problem.beside)
        return Response(body, problem.status, problem.headers, PROBLEM_JSON)

    async def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, _problem_of(error))

    for kind in (ProblemError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, on_problem)
    return app


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document: problems and tokens are the same for every route."""
    document = app.openapi()
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).setdefault("Problem", Problem.model_json_schema())
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    return document


def _problem_of(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        findings = [_finding(found) for found in error.errors()[:_MOST_FINDINGS]]
        fields = ", ".join(str(finding["field"]) for finding in findings)
        return ProblemError(422, "invalid_request", beside={"problems": findings}, fields=fields)
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "bad_request")
        return ProblemError(error.status_code, code, headers=dict(error.headers or {}))
    return ProblemError(500, "internal_error")


def _finding(found: dict[str, Any]) -> dict[str, str]:
    """One finding of the validation, without the refused value, which may be a secret."""
    where, *path = [str(part) for part in found["loc"]]
    return {"place": where, "field": ".".join(path) or where, "reason": str(found["type"])}
