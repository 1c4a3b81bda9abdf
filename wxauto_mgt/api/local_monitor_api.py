"""Answers the calls of `MonitorAPI` inside the console's own process.

Owns failures as replies and the proof that an action took effect; figures come from the monitor. The
composition root builds one per application and binds it to the proxy.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from wxauto_mgt.api import arguments, replies
from wxauto_mgt.api.answers import Answer, Answerer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.monitor_api import MonitorAPI, NotificationHandler
from wxauto_mgt.api.replies import JSON, Fields, Texts
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.errors import BugError, ConfigError, ConsoleError, PermanentError, TransientError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import LoopStatus

_log = logging.getLogger(__name__)

PROVED_WITHIN_S: Final = 10.0
_PROOF_POLL_S: Final = 0.05
_MOST_ERRORS: Final = 1_000


Audit: TypeAlias = Callable[[str, str, str], Awaitable[None]]
"""Takes who, action and target."""

# Acts of people and programs that the parts below carry out without writing them down: action, kind of the
# target, and the argument that names it.
_NOTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "acknowledge_alert": ("alert.acknowledge", "alert", "alert_id"),
    "silence": ("alert.silence", "alert_rule", "rule"),
    "end_silence": ("alert.end_silence", "silence", "silence_id"),
    "test_notification": ("channel.test", "channel", "channel"),
    "resend_notification": ("notification.resend", "notification", "delivery_id"),
}


class ServiceControl(Protocol):
    """Starts and stops the listener service; what is done already is done again without effect."""

    async def start(self) -> object:
        """Start what is stopped."""
        ...

    async def stop(self) -> object:
        """Stop, also what is paused."""
        ...

    async def pause(self) -> object:
        """Begin no new calls until resumed."""
        ...

    async def resume(self) -> object:
        """Go on after a pause."""
        ...

    async def restart(self) -> object:
        """Stop and start."""
        ...


class ReloadableConfig(Protocol):
    """The configuration in force; the product's configuration service is one."""

    @property
    def snapshot(self) -> Snapshot:
        """What is in force."""
        ...

    async def reload(self) -> bool:
        """Read what is stored again; tell whether anything differs."""
        ...


class LocalMonitorAPI(MonitorAPI):
    """The calls, answered by the services of one application.

    Args:
        listening_loops: the listener service's live loops, as its supervisor sees them.
        groups: answers of other parts, by the name of the call; `BugError` when two answer the same.
        audit: told of the acts that nothing below writes into the audit log.
    """

    def __init__(
        self,
        *,
        monitor: ServiceMonitor,
        control: ServiceControl,
        listening_loops: Callable[[], Sequence[LoopStatus]],
        config: ReloadableConfig,
        clock: Clock,
        texts: Texts,
        groups: Sequence[Answers] = (),
        audit: Audit | None = None,
        proved_within_s: float = PROVED_WITHIN_S,
    ) -> None:
        self._monitor = monitor
        self._control = control
        self._listening_loops = listening_loops
        self._config = config
        self._clock = clock
        self._texts = texts
        self._audit = audit
        self._proved_within_s = proved_within_s
        self._answers: dict[str, Answerer] = {
            "get_service_status": self._service_status,
            "get_api_clients_status": self._clients,
            "get_listeners_status": self._listeners,
            "get_statistics": self._statistics,
            "get_recent_errors": self._recent_errors,
            "get_health_report": self._health_report,
            "restart_service": self._restart,
            "start_service": self._start,
            "stop_service": self._stop,
            "pause_service": self._pause,
            "resume_service": self._resume,
            "reload_config": self._reload_config,
        }
        for group in groups:
            twice = self._answers.keys() & group.keys()
            if twice:
                raise BugError("call_answered_twice", call=min(twice))
            self._answers.update(group)

    async def _call(self, method: str, **arguments: JSON | NotificationHandler) -> Fields:
        try:
            answer = await self._answerer(method)(**arguments)
        except ConsoleError as error:
            return self._failure(error)
        except Exception as error:  # noqa: BLE001 - a caller of the facade gets a reply, whatever broke
            _log.exception("monitor_api call failed", extra={"call": method})
            sentence = self._texts.reason("error", "call_failed", {"kind": type(error).__name__})
            return replies.failure(sentence, self._clock.now())
        await self._note(method, arguments)
        return replies.success(answer.data, self._clock.now(), **answer.beside)

    async def _note(self, method: str, arguments: Mapping[str, JSON | NotificationHandler]) -> None:
        noted = _NOTED.get(method)
        if noted is None or self._audit is None:
            return
        action, kind, argument = noted
        await self._audit(current_caller.get(), action, f"{kind} {arguments.get(argument)}")

    def _failure(self, error: ConsoleError) -> replies.Failure:
        problems = error.problems if isinstance(error, ConfigError) else ()
        found: list[Fields] = [
            {
                "place": problem.place,
                "field": problem.field,
                "reason": problem.reason,
                "message": self._texts.reason("problem", problem.reason, problem.params),
            }
            for problem in problems
        ]
        return replies.failure(self._texts.error(error), self._clock.now(), error.code, found)

    def _answerer(self, method: str) -> Answerer:
        if method not in self._answers:
            raise PermanentError("call_not_offered", call=method)
        return self._answers[method]

    async def _service_status(self) -> Answer:
        return Answer(replies.service_status(self._monitor.service_status(), self._texts))

    async def _clients(self) -> Answer:
        clients = self._monitor.clients()
        connected = sum(1 for report in clients if report.status.connected)
        return Answer(
            [replies.client(report, self._texts) for report in clients],
            {"total_count": len(clients), "connected_count": connected},
        )

    async def _listeners(self) -> Answer:
        listeners = self._monitor.listeners()
        active = sum(1 for status in listeners if status.active)
        return Answer(
            [replies.listener(status) for status in listeners],
            {"total_count": len(listeners), "active_count": active},
        )

    async def _statistics(self) -> Answer:
        return Answer(replies.statistics(await self._monitor.statistics(), self._clock.now()))

    async def _recent_errors(self, limit: JSON) -> Answer:
        most = min(arguments.whole(limit, "limit", least=0), _MOST_ERRORS)
        episodes = self._monitor.recent_errors(most)
        return Answer([replies.error(e, self._texts) for e in episodes], {"count": len(episodes)})

    async def _health_report(self) -> Answer:
        return Answer(replies.health_report(await self._monitor.health_report(), self._texts))

    async def _start(self) -> Answer:
        if self._monitor.service_status().state.is_paused:
            raise PermanentError("service_is_paused")
        return await self._act("start", self._control.start, self._is_up)

    async def _restart(self) -> Answer:
        return await self._act("restart", self._control.restart, self._is_up_again)

    async def _stop(self) -> Answer:
        return await self._act("stop", self._control.stop, self._is_stopped)

    async def _pause(self) -> Answer:
        self._refuse_if_stopped()
        return await self._act("pause", self._control.pause, self._is_paused)

    async def _resume(self) -> Answer:
        self._refuse_if_stopped()
        return await self._act("resume", self._control.resume, self._is_up)

    async def _reload_config(self) -> Answer:
        is_changed = await self._config.reload()
        return Answer({"revision": self._config.snapshot.revision, "changed": is_changed})

    def _refuse_if_stopped(self) -> None:
        state = self._monitor.service_status().state
        if not state.is_running and not state.is_paused:
            raise PermanentError("service_is_stopped")

    async def _act(
        self,
        name: str,
        act: Callable[[], Awaitable[object]],
        is_proved: Callable[[ServiceState, float], bool],
    ) -> Answer:
        """Act, then wait for the proof; the reply shows the state that proved it."""
        began_s = self._clock.monotonic()
        await act()
        deadline_s = self._clock.monotonic() + self._proved_within_s
        while True:
            now_s = self._clock.monotonic()
            state = self._monitor.service_status().state
            if is_proved(state, now_s - began_s):
                return Answer(replies.service_state(state))
            if now_s >= deadline_s:
                raise TransientError("service_change_not_proved", action=name, waited_s=self._proved_within_s)
            await self._clock.sleep(_PROOF_POLL_S)

    def _is_up(self, state: ServiceState, _elapsed_s: float) -> bool:
        loops = self._listening_loops()
        return (
            state.is_running
            and all(loop.running and not loop.stalled for loop in loops)
            and (bool(loops) or not self._monitor.clients())
        )

    def _is_up_again(self, state: ServiceState, elapsed_s: float) -> bool:
        """Whether the service is up, and by loops that began or made progress since the action."""
        is_fresh = all(loop.last_beat_age_s <= elapsed_s for loop in self._listening_loops())
        return is_fresh and self._is_up(state, elapsed_s)

    def _is_stopped(self, state: ServiceState, _elapsed_s: float) -> bool:
        return not state.is_running and not state.is_paused and not self._listening_loops()

    def _is_paused(self, state: ServiceState, _elapsed_s: float) -> bool:
        return state.is_paused and not self._listening_loops()
