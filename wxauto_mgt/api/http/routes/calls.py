"""`POST /api/monitor/{method}`: every call of `MonitorAPI`, its arguments in, its reply out.

Attach and the command line use only these. One route for each call, so that each has its own scope and its
own arguments in the OpenAPI document.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from wxauto_mgt.api import monitor_api as facade
from wxauto_mgt.api.http.access import needs, problems
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.scopes import IN_PROCESS_ONLY, SCOPES
from wxauto_mgt.core.access.model import Scope

Call = Callable[..., Awaitable[dict[str, Any]]]


class Arguments(BaseModel):
    """Base of the arguments of a call: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Reply(BaseModel):
    """A reply of `monitor_api`; more fields may stand beside these."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"success": True, "data": {"running": True}, "timestamp": "2026-01-01T12:00:00+00:00"},
                {
                    "success": False,
                    "error": "The service is stopped.",
                    "timestamp": "2026-01-01T12:00:00+00:00",
                },
            ]
        },
    )

    success: bool
    timestamp: str
    data: JsonValue = None
    error: str | None = None


_NAMES: Final = {"JSON": JsonValue, "Fields": dict[str, JsonValue]}


def calls(kind: type[MonitorAPI] = MonitorAPI) -> Iterator[tuple[str, Callable[..., Any]]]:
    """List the calls that another process can make."""
    for name, method in inspect.getmembers(kind, inspect.iscoroutinefunction):
        if not name.startswith("_") and name not in IN_PROCESS_ONLY:
            yield name, method


def arguments_of(name: str, method: Callable[..., Any]) -> type[Arguments]:
    """Make the model of a call's arguments from its signature."""
    types = typing.get_type_hints(method, globalns=vars(facade), localns=_NAMES)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (types[parameter.name], Field(default=default))
    return create_model(f"{name}_arguments", __base__=Arguments, **fields)


def call_routes(api: MonitorAPI) -> APIRouter:
    """Make one route for each call."""
    router = APIRouter(prefix="/api/monitor", tags=["monitor_api"])
    for name, method in calls():
        router.add_api_route(
            f"/{name}",
            _endpoint(getattr(api, name), arguments_of(name, method)),
            methods=["POST"],
            response_model=Reply,
            response_model_exclude_unset=True,
            summary=(inspect.getdoc(method) or name).partition("\n")[0],
            operation_id=name,
            dependencies=[needs(SCOPES.get(name, Scope.ADMIN))],
            responses=problems(),
        )
    return router


def _endpoint(call: Call, model: type[Arguments]) -> Callable[..., Awaitable[dict[str, Any]]]:
    takes_nothing = all(not field.is_required() for field in model.model_fields.values())

    async def answer(arguments: Arguments | None = None) -> dict[str, Any]:
        given = {} if arguments is None else arguments.model_dump(exclude_unset=True)
        return await call(**given)

    annotation: Any = model | None if takes_nothing else model
    default = Body(default=None) if takes_nothing else Body()
    # The signature is what FastAPI reads: each call has arguments of its own.
    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                "arguments",
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=default,
                annotation=annotation,
            )
        ]
    )
    return answer
