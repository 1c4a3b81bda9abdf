"""Checks an instance end to end: writes a marked text to a chat of its own and waits until that comes back.

Sends by the rules of every send: through the UI gate, within the budget, once, written down before. The echo
is stored by intake as our own row, which never reaches a platform; this check only looks for it.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import INSTANCE, SendAnswer, SendOutcome
from wxauto_mgt.core.instances.windows import WindowWay
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import CHECK_GROUP
from wxauto_mgt.core.monitoring.checks.store import (
    Canary,
    Echo,
    canary_of,
    claim_canary,
    echo_of,
    note_canary_answer,
    take_canary_back,
)
from wxauto_mgt.errors import Fact, StorageError, StorageOverloaded
from wxauto_mgt.storage.times import from_us, to_us

OPERATION: Final = "canary"
FILE_TRANSFER: Final = "文件传输助手"
GATE_WAIT_S: Final = 5.0
LOOKS_EVERY_S: Final = 0.25
_LONGEST_SEND_S: Final = 90.0  # the client's own limit, and a wait for the budget, come before it
_SECOND_US: Final = 1_000_000
_MS_US: Final = 1_000
_SECONDS: Final = "unit.seconds"
_hints = FieldHints(labels="check_kind.canary.field", helps="check_kind.canary.help", group=CHECK_GROUP)


def _one_line(value: str) -> str:
    """White space is folded on its way through WeChat."""
    folded = " ".join(value.split())
    if not folded:
        raise refuse("missing")
    return folded


Line = Annotated[str, AfterValidator(_one_line)]


class CanaryConfig(ConfigModel):
    """Where it is written, how often, and how long its echo may take.

    Attributes:
        every_s: at most one canary in this time, whatever the check interval is.
        wait_s: how long one run waits for the echo; later ones look for it too.
        lost_after_s: without an echo by then it is not just late.
    """

    instance: str = Field(
        max_length=64, json_schema_extra=_hints("instance", 100, widget=Widget.REFERENCE, refers_to=INSTANCE)
    )
    chat: Line = Field(
        default=FILE_TRANSFER, max_length=100, json_schema_extra=_hints("chat", 110, has_help=True)
    )
    text: Line = Field(
        default="wxauto_mgt 自检", max_length=100, json_schema_extra=_hints("text", 120, has_help=True)
    )
    every_s: float = Field(
        default=1800.0,
        ge=60.0,
        le=7 * 86_400,
        json_schema_extra=_hints("every_s", 130, unit=_SECONDS, has_help=True),
    )
    wait_s: float = Field(
        default=15.0, ge=0.0, le=120.0, json_schema_extra=_hints("wait_s", 140, unit=_SECONDS)
    )
    lost_after_s: float = Field(
        default=120.0, ge=1.0, le=3600.0, json_schema_extra=_hints("lost_after_s", 150, unit=_SECONDS)
    )


class CanaryCheck(CheckKind[CanaryConfig]):
    """Sends at most one canary in `every_s`, also across restarts and beside other checks of the instance."""

    TYPE = "canary"
    CONFIG: ClassVar[type[CanaryConfig]] = CanaryConfig

    def __init__(self, config: CanaryConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        # Token of the newest one, and since when by the monotonic clock: the other one may be set.
        self._since: tuple[str, float] = ("", 0.0)

    @property
    def least_time_s(self) -> float:
        return GATE_WAIT_S + _LONGEST_SEND_S + self.config.wait_s

    async def run(self) -> CheckResult:
        try:
            return await self._run()
        except (StorageError, StorageOverloaded) as error:
            # What cannot be written down first is not sent.
            return CheckResult(Outcome.UNKNOWN, "canary_not_written", {"cause": error.code})

    async def _run(self) -> CheckResult:
        instance = self.context.instances.get(self.config.instance)
        if instance is None:
            return CheckResult(Outcome.UNKNOWN, "canary_no_instance", {"instance": self.config.instance})
        newest = await canary_of(self.context.db, instance.id)
        if newest is not None and self._age_s(newest) < self.config.every_s:
            return self._judge(newest, await self._echo(instance, newest))
        return await self._send(instance, newest)

    def _age_s(self, canary: Canary) -> float:
        now_s = self.context.clock.monotonic()
        token, since_s = self._since
        if token != canary.token:
            past_s = (to_us(self.context.clock.now()) - canary.sent_at_us) / _SECOND_US
            since_s = now_s - max(0.0, past_s)
            self._since = (canary.token, since_s)
        return now_s - since_s

    async def _send(self, instance: Instance, before: Canary | None) -> CheckResult:
        """Send one if that may be done now."""
        refused = self._why_not(instance)
        if refused is not None:
            return refused
        await instance.budget.wait(routes.SEND_WINDOW)
        try:
            async with instance.gate.hold(OPERATION, timeout_s=GATE_WAIT_S):
                refused = self._why_not(instance)  # it may have waited
                if refused is not None:
                    return refused
                sent = await self._send_inside(instance, before)
        except GateBusy as error:
            return CheckResult(
                Outcome.UNKNOWN, "canary_gate_busy", {"busy_with": error.facts.get("busy_with")}
            )
        except GateShut:
            return CheckResult(Outcome.UNKNOWN, "canary_gate_shut")
        return sent if isinstance(sent, CheckResult) else await self._await_echo(instance, sent)

    def _why_not(self, instance: Instance) -> CheckResult | None:
        if not self.context.may_send():
            return CheckResult(Outcome.UNKNOWN, "canary_paused")
        if self.context.instances.get(instance.id) is not instance:
            return CheckResult(Outcome.UNKNOWN, "canary_no_instance", {"instance": instance.id})
        if instance.gate.shut_for_s > 0:
            return CheckResult(Outcome.UNKNOWN, "canary_gate_shut")
        chat = self.config.chat
        route = instance.windows.route(chat)
        if route.way is not WindowWay.WINDOW:
            # Through the main window it would never be seen again: own rows make no news there.
            return CheckResult(Outcome.UNKNOWN, "canary_no_window", {"chat": chat})
        if route.title != chat:
            return CheckResult(Outcome.UNKNOWN, "canary_other_window", {"chat": chat, "title": route.title})
        return None

    async def _send_inside(self, instance: Instance, before: Canary | None) -> Canary | CheckResult:
        """Claim, send, write down the answer; holding the gate."""
        db, clock = self.context.db, self.context.clock
        token = secrets.token_hex(5)
        claim = partial(
            claim_canary,
            instance_id=instance.id,
            token=token,
            chat=self.config.chat,
            replaces=before.token if before else None,
            now_us=to_us(clock.now()),
        )
        canary = await db.run(claim)
        if canary is None:
            return CheckResult(Outcome.UNKNOWN, "canary_gate_busy", {"busy_with": OPERATION})
        self._since = (token, clock.monotonic())
        answer = await instance.client.send_window(self.config.chat, f"{self.config.text} {token}")
        if answer.may_still_run:
            instance.gate.quarantine(reason=OPERATION)
        if answer.outcome is SendOutcome.NOT_SENT:
            await db.run(partial(take_canary_back, token=token, before=before))
            return _not_sent(answer)
        if answer.outcome is SendOutcome.ACCEPTED:
            instance.liveness.call_answered()
        said = "accepted" if answer.outcome is SendOutcome.ACCEPTED else "unknown"
        await db.run(partial(note_canary_answer, token=token, answer=said))
        return replace(canary, answer=said)

    async def _await_echo(self, instance: Instance, canary: Canary) -> CheckResult:
        while True:
            echo = await self._echo(instance, canary)
            if echo is not None or self._age_s(canary) >= self.config.wait_s:
                return self._judge(canary, echo)
            await self.context.clock.sleep(LOOKS_EVERY_S)

    async def _echo(self, instance: Instance, canary: Canary) -> Echo | None:
        echo = await echo_of(self.context.db, canary)
        # Proof only while it is fresh: an old row says nothing of now.
        if echo is not None and echo.is_own and self._age_s(canary) <= self.config.wait_s:
            instance.liveness.own_echo_seen()
        return echo

    def _judge(self, canary: Canary, echo: Echo | None) -> CheckResult:
        age_s = self._age_s(canary)
        evidence: dict[str, Fact] = {
            "sent_at": from_us(canary.sent_at_us).isoformat(timespec="seconds"),
            "answer": canary.answer,
            "chat": canary.chat,
        }
        params: dict[str, Fact] = {"chat": canary.chat, "age_s": round(age_s)}
        if echo is not None and echo.chat != canary.chat:
            params = {"chat": canary.chat, "other": echo.chat}
            return CheckResult(Outcome.FAILED, "canary_in_wrong_chat", params, evidence)
        if echo is not None and not echo.is_own:
            return CheckResult(Outcome.FAILED, "canary_taken_for_foreign", params, evidence)
        if echo is not None:
            took_ms = max(0.0, (echo.received_at_us - canary.sent_at_us) / _MS_US)
            evidence["round_trip_ms"] = round(took_ms)
            return CheckResult(Outcome.OK, "canary_came_back", params, evidence, took_ms)
        if not self.context.may_send():  # nothing is read either
            return CheckResult(Outcome.UNKNOWN, "canary_paused", params, evidence)
        if canary.answer is None:
            return CheckResult(Outcome.UNKNOWN, "canary_interrupted", params, evidence)
        if age_s < self.config.lost_after_s:
            return CheckResult(Outcome.UNKNOWN, "canary_awaited", params, evidence)
        return CheckResult(Outcome.FAILED, "canary_lost", params, evidence)


def _not_sent(answer: SendAnswer) -> CheckResult:
    return CheckResult(Outcome.FAILED, "canary_not_sent", {"cause": answer.reason.value})
