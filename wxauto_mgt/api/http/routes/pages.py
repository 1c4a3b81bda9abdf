"""`GET /login`, `GET /docs`, `GET /openapi.json`: pages for people, the document for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from wxauto_mgt.api.http.access import READS
from wxauto_mgt.api.http.etag import tagged
from wxauto_mgt.api.http.pages.login import Page
from wxauto_mgt.api.http.pages.operations import operations_page
from wxauto_mgt.texts.language import Language

_HTML: Final = "text/html; charset=utf-8"


def page_routes(
    login: Mapping[Language, Page], language: Language, openapi: Callable[[], dict[str, Any]]
) -> APIRouter:
    """Make the routes; they are not part of the document that they show.

    Args:
        language: what a browser gets that asks for neither language.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def get_login(request: Request) -> Response:
        return _answer(login[_wanted(request.headers.get("accept-language", ""), language)])

    @router.get("/docs", dependencies=[READS])
    async def get_docs() -> Response:
        # The first time the document is made, which takes a while.
        return _answer(operations_page(await asyncio.to_thread(openapi)))

    @router.get("/openapi.json", dependencies=[READS])
    async def get_openapi(request: Request) -> Response:
        return tagged(request, await asyncio.to_thread(openapi))

    return router


def _wanted(accepted: str, otherwise: Language) -> Language:
    """The first language of a browser's list that there is."""
    for one in accepted.lower().split(","):
        name = one.partition(";")[0].strip().partition("-")[0]
        if name == "zh":
            return Language.ZH_CN
        if name == "en":
            return Language.EN
    return otherwise


def _answer(page: Page) -> Response:
    return Response(
        page.body,
        headers={
            "content-type": _HTML,
            "content-security-policy": page.content_policy,
            "vary": "accept-language",
        },
    )
