"""What the services page shows of a process that the console runs: state, figures, the tail of its output.

Owns words and the moment of reading. Called by the process panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.recovery.processes.model import ProcessChanged, ProcessState, ProcessStatus
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone

LINES_SHOWN: Final = 200
STATE_TONES: Final = {
    ProcessState.STOPPED: Tone.NEUTRAL,
    ProcessState.STARTING: Tone.INFO,
    ProcessState.RUNNING: Tone.OK,
    ProcessState.STOPPING: Tone.INFO,
    ProcessState.WAITING: Tone.WARNING,
    ProcessState.GAVE_UP: Tone.CRITICAL,
    ProcessState.FAILED: Tone.CRITICAL,
}


class Processes(Protocol):
    """The processes for those who come through the window."""

    def status(self) -> tuple[ProcessStatus, ...]:
        """All processes, by service."""

    def output(self, service: str, limit: int = ...) -> tuple[str, ...]:
        """The newest lines, oldest first."""

    async def start(self, service: str) -> ProcessStatus:
        """Start it."""

    async def stop(self, service: str) -> ProcessStatus:
        """Stop it."""

    async def restart(self, service: str) -> ProcessStatus:
        """Stop and start it."""


@dataclass(frozen=True)
class ProcessView:
    """The process now."""

    tone: Tone
    state: str
    reason: str
    figures: tuple[tuple[str, str], ...]
    output: str
    is_running: bool


class ProcessViewModel(SeenViewModel):
    """The process of one service.

    Signals:
        changed: `shown` differs.
    """

    changed = Signal()

    def __init__(self, backstage: Backstage, *, processes: Processes) -> None:
        super().__init__()
        self._words = backstage.words
        self._processes = processes
        self.selected = ""
        self.shown: ProcessView | None = None
        commands = backstage.commands
        self.start = commands.command(self, "start_process", processes.start)
        self.stop = commands.command(self, "stop_process", processes.stop)
        self.restart = commands.command(self, "restart_process", processes.restart)
        for command in (self.start, self.stop, self.restart):
            command.running_changed.connect(self.refresh)
        backstage.bridge.inbox(self, ProcessChanged).arrived.connect(self.refresh)
        self._words.changed.connect(self.refresh)

    @property
    def has_process(self) -> bool:
        """Whether the console runs a process for the service."""
        return self._find() is not None

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def select(self, service_id: str) -> None:
        """Look at another service, or at none."""
        self.selected = service_id
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        shown = self._read()
        if shown != self.shown:
            self.shown = shown
            self.changed.emit()

    def _find(self) -> ProcessStatus | None:
        return next((one for one in self._processes.status() if one.service == self.selected), None)

    def _read(self) -> ProcessView | None:
        status = self._find()
        if status is None:
            return None
        words = self._words
        reason = words.reason("process_reason", status.reason_code, status.params)
        if status.next_start_in_s is not None:
            reason = words("services.next_start", reason=reason, seconds=round(status.next_start_in_s))
        return ProcessView(
            tone=STATE_TONES[status.state],
            state=words(f"process_state.{status.state}"),
            reason=reason,
            figures=self._figures(status),
            output="\n".join(self._processes.output(self.selected, LINES_SHOWN)),
            is_running=status.state in (ProcessState.RUNNING, ProcessState.STARTING),
        )

    def _figures(self, status: ProcessStatus) -> tuple[tuple[str, str], ...]:
        words, usage = self._words, status.usage
        found = [
            ("pid", words.number(None) if status.pid is None else str(status.pid)),
            ("cpu", self._with_unit(usage.cpu_percent, "unit.percent", digits=1)),
            ("memory", self._with_unit(usage.memory_mb, "unit.mebibyte", digits=1)),
            ("members", words.number(len(usage.members) or None)),
            ("restarts", words.number(status.restarts)),
            ("started", words.moment(status.started_at)),
            ("exit_code", words.number(None) if status.exit_code is None else str(status.exit_code)),
        ]
        return tuple((words(f"services.process_{name}"), text) for name, text in found)

    def _with_unit(self, value: float | None, unit: str, *, digits: int) -> str:
        words = self._words
        return words.number(value, digits=digits) + (f" {words(unit)}" if value is not None else "")
