"""Restarts the process that the console runs for a service, unless a person stopped it or it was given up."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown
from wxauto_mgt.core.recovery.processes.model import ProcessState, ProcessStatus
from wxauto_mgt.errors import Fact, PermanentError


class RestartProcessConfig(ConfigModel):
    """Whose process.

    Attributes:
        service: empty = the service that is repaired.
    """

    service: str = Field(
        default="",
        max_length=100,
        json_schema_extra=shown(
            "restart_process.service", 10, refers_to="service", help_key="repair_field.help.own_service"
        ),
    )


class RestartProcess(RepairAction[RestartProcessConfig]):
    """Stops it with all that it began and starts it; succeeds once it runs."""

    TYPE: ClassVar[str] = "restart_process"
    CONFIG: ClassVar[type[ConfigModel]] = RestartProcessConfig
    TIMEOUT_S: ClassVar[float] = 90.0
    PROVED_WITHIN_S: ClassVar[float] = 60.0  # programs with models take their time to answer
    IS_RESTART: ClassVar[bool] = True

    async def precondition(self) -> RepairResult | None:
        """There must be a process, and nobody must want it stopped."""
        name = self._service
        try:
            status = self.context.processes.status_of(name)
        except PermanentError:
            return RepairResult.not_applicable("process_unknown", service=name)
        if self.context.processes.is_stopped_by_person(name):
            return RepairResult.not_applicable("process_stopped_by_person", service=name)
        if status.state is ProcessState.GAVE_UP:
            return RepairResult.not_applicable("process_given_up", service=name)
        return None

    async def run(self) -> RepairResult:
        """Act."""
        obstacle = await self.precondition()
        if obstacle is not None:
            return obstacle
        before = self.context.processes.status_of(self._service)
        status = await self.context.processes.restart(self._service)
        evidence: dict[str, Fact] = {
            "pid_before": before.pid,
            "pid": status.pid,
            "state_before": before.state.value,
            "exit_code_before": before.exit_code,
        }
        if status.state is not ProcessState.RUNNING:
            return RepairResult.failed(
                "process_not_restarted", evidence={**evidence, **_why(status)}, service=self._service
            )
        return RepairResult.done(
            "process_restarted", evidence=evidence, service=self._service, pid=status.pid
        )

    @property
    def _service(self) -> str:
        return self.config.service or self.context.service


def _why(status: ProcessStatus) -> dict[str, Fact]:
    return {"state": status.state.value, "reason_code": status.reason_code, **status.params}
