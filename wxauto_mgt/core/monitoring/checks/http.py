"""Checks a web address: it must answer with a status below 400. The runner bounds the time."""

from __future__ import annotations

from typing import Final

import aiohttp

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.runtime.clock import Clock

REDIRECTS_AT_MOST: Final = 5
REFUSED_FROM: Final = 400


class HttpCheck:
    """Asks for one page on a connection of its own, so that connecting is checked too. No body is read."""

    def __init__(self, *, address: str, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    async def run(self) -> CheckResult:
        """Ask once; redirects are followed within http and https."""
        started_s = self._clock.monotonic()
        try:
            async with (
                # The runner's limit is the only one: aiohttp's own would end long checks earlier.
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
                session.get(self._address, max_redirects=REDIRECTS_AT_MOST) as answer,
            ):
                taken_ms = 1000 * (self._clock.monotonic() - started_s)
                evidence = {"status": answer.status, "redirects": len(answer.history)}
        except (aiohttp.NonHttpUrlClientError, aiohttp.TooManyRedirects) as error:
            return CheckResult(Outcome.FAILED, "http_redirect_refused", {"cause": type(error).__name__})
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return CheckResult(Outcome.FAILED, "http_no_answer", {"cause": type(error).__name__})
        if evidence["status"] >= REFUSED_FROM:
            return CheckResult(
                Outcome.FAILED, "http_bad_status", {"status": evidence["status"]}, evidence, taken_ms
            )
        return CheckResult(Outcome.OK, "http_answers", {"status": evidence["status"]}, evidence, taken_ms)
