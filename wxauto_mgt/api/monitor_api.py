"""The facade for other programs: `from wxauto_mgt.api.monitor_api import monitor_api`.

Owns the list of calls and the proxy; `local_monitor_api` answers them in the console's own process,
`console_link` from another one. Other programs, the local HTTP API and the command line call it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.errors import BugError

NotificationHandler: TypeAlias = Callable[[Fields], object]
"""Called with `key, kind, level, title, message, labels, params, timestamp`; may be a coroutine function."""


class MonitorAPI:
    """The calls that other programs make. Each returns a reply and raises nothing but a cancellation.

    A reply is `{"success": True, "data": ..., "timestamp": iso}`, some with more keys beside `data`, or
    `{"success": False, "error": str, "timestamp": iso}`.
    """

    async def get_service_status(self) -> Fields:
        """Tell whether the listener service runs, and what the process uses."""
        return await self._call("get_service_status")

    async def get_api_clients_status(self) -> Fields:
        """List the enabled instances; beside: `total_count`, `connected_count`."""
        return await self._call("get_api_clients_status")

    async def get_listeners_status(self) -> Fields:
        """List the listened chats; beside: `total_count`, `active_count`."""
        return await self._call("get_listeners_status")

    async def get_statistics(self) -> Fields:
        """Tell what was done since the start."""
        return await self._call("get_statistics")

    async def get_recent_errors(self, limit: int = 10) -> Fields:
        """List the newest errors first, at most 1,000; beside: `count`."""
        return await self._call("get_recent_errors", limit=limit)

    async def get_health_report(self) -> Fields:
        """Tell everything about the health of the console, with the score of this moment."""
        return await self._call("get_health_report")

    async def write_health_sample(self) -> Fields:
        """Write health, performance and services to `logs/health_report_sample.json`; data: `path`."""
        return await self._call("write_health_sample")

    async def restart_service(self) -> Fields:
        """Restart the listener service; succeeds once its loops run again."""
        return await self._call("restart_service")

    async def start_service(self) -> Fields:
        """Start the listener service; succeeds once its loops run."""
        return await self._call("start_service")

    async def stop_service(self) -> Fields:
        """Stop the listener service; succeeds once none of its loops is left."""
        return await self._call("stop_service")

    async def pause_service(self) -> Fields:
        """Pause the listener service: no new call begins."""
        return await self._call("pause_service")

    async def resume_service(self) -> Fields:
        """Go on after a pause."""
        return await self._call("resume_service")

    async def reload_config(self) -> Fields:
        """Take over a configuration that another process stored."""
        return await self._call("reload_config")

    async def record_metric(
        self,
        name: str,
        value: float,
        type: str = "gauge",  # noqa: A002 - the name that a record has it under
        labels: dict[str, JSON] | None = None,
        description: str = "",
    ) -> Fields:
        """Record a value of a metric of this program's own; alert rules look at it at once.

        Args:
            type: `gauge`, `counter` (a total), `histogram` or `summary` (an observation).
        """
        return await self._call(
            "record_metric", name=name, value=value, type=type, labels=labels, description=description
        )

    async def record_business_metric(
        self, name: str, value: float, labels: dict[str, JSON] | None = None
    ) -> Fields:
        """Record a gauge of the operator's business, such as `active_users`."""
        return await self._call("record_business_metric", name=name, value=value, labels=labels)

    async def get_metric_names(self) -> Fields:
        """List the metrics that have a value since the start; beside: `count`, `refused`."""
        return await self._call("get_metric_names")

    async def get_metric_history(
        self, name: str, duration: float = 3600, labels: dict[str, JSON] | None = None
    ) -> Fields:
        """List the records of a metric of the last seconds, oldest first; beside: `count`, `statistics`.

        `statistics` has average, percentiles and trend of each series, as `analyze_performance` gives them.

        Args:
            labels: None means all series of the metric. Old records are means of minutes or hours.
        """
        return await self._call("get_metric_history", name=name, duration=duration, labels=labels)

    async def get_latest_metric(self, name: str, labels: dict[str, JSON] | None = None) -> Fields:
        """Return the newest record of a metric, null when there is none."""
        return await self._call("get_latest_metric", name=name, labels=labels)

    async def analyze_performance(self, duration: float = 3600) -> Fields:
        """Judge how machine and message path performed over the last seconds."""
        return await self._call("analyze_performance", duration=duration)

    async def get_report(self, format: str = "markdown", hours: float = 24) -> Fields:  # noqa: A002
        """Write the health report for people, in the operator's language; data: its text.

        Args:
            format: `markdown`, `html` or `text`.
            hours: how far back alerts and performance look, at most 31 days.
        """
        return await self._call("get_report", format=format, hours=hours)

    async def get_dashboard_data(self) -> Fields:
        """Tell what a dashboard shows: the machine, active alerts, recent metrics, performance."""
        return await self._call("get_dashboard_data")

    async def add_alert_rule(
        self,
        metric_name: str,
        threshold: float,
        operator: str = "gt",
        level: str = "warning",
        title: str = "{metric} 告警",
        message: str = "{metric} 超过阈值",
        name: str = "",
        for_s: float = 0.0,
        cooldown_s: float = 300.0,
    ) -> Fields:
        """Store a rule that fires at once when a value breaches the threshold; data: the whole rule.

        Args:
            for_s: how long the breach must last.
            cooldown_s: pause between two notices of one alert.
            operator: `gt`, `gte`, `lt`, `lte`, `eq`, `rate` (rise per second), `anomaly` (how unusual,
                0 to 100; 3.5 is a good threshold) or `absent`.
            level: `info`, `warning`, `error` or `critical`.
            title, message: may name `{metric} {value} {threshold} {level} {rule} {labels}`.
        """
        return await self._call(
            "add_alert_rule",
            metric_name=metric_name,
            threshold=threshold,
            operator=operator,
            level=level,
            title=title,
            message=message,
            name=name,
            for_s=for_s,
            cooldown_s=cooldown_s,
        )

    async def get_active_alerts(self) -> Fields:
        """List the alerts that are not resolved, the worst first; beside: `count`."""
        return await self._call("get_active_alerts")

    async def get_alert_history(self, hours: float = 24) -> Fields:
        """List alerts that fired or were resolved lately, newest first, at most 1,000; beside: `count`."""
        return await self._call("get_alert_history", hours=hours)

    async def acknowledge_alert(self, alert_id: str, owner: str = "", note: str = "") -> Fields:
        """Say that somebody takes care: no more notices of an alert until it gets worse or is resolved."""
        return await self._call("acknowledge_alert", alert_id=alert_id, owner=owner, note=note)

    async def silence(
        self,
        rule: str = "*",
        labels: dict[str, str] | None = None,
        duration_s: float = 3600,
        who: str = "",
        note: str = "",
    ) -> Fields:
        """Keep notices back from now on, of one rule or all, of alerts with these labels or all."""
        wanted: JSON = None if labels is None else dict(labels)
        return await self._call(
            "silence", rule=rule, labels=wanted, duration_s=duration_s, who=who, note=note
        )

    async def end_silence(self, silence_id: int) -> Fields:
        """End a silence now."""
        return await self._call("end_silence", silence_id=silence_id)

    async def get_silences(self) -> Fields:
        """List the silences that have not ended."""
        return await self._call("get_silences")

    async def test_notification(self, channel: str, message: str | None = None) -> Fields:
        """Send a test notice by a channel, now and once; succeeds when the far side took it."""
        return await self._call("test_notification", channel=channel, message=message)

    async def add_notification_handler(self, handler: NotificationHandler) -> Fields:
        """Call a function of this process for each notification, as long as the console runs."""
        return await self._call("add_notification_handler", handler=handler)

    async def get_notifications(
        self, hours: float = 24, state: str | None = None, limit: int = 100
    ) -> Fields:
        """List deliveries, newest first, at most 1,000; beside: `count`.

        Args:
            state: `pending`, `sending`, `sent` or `failed`; None means all.
        """
        return await self._call("get_notifications", hours=hours, state=state, limit=limit)

    async def get_channels_status(self) -> Fields:
        """List the channels with what they sent and how they fail."""
        return await self._call("get_channels_status")

    async def resend_notification(self, delivery_id: int) -> Fields:
        """Send a failed delivery again, with all its attempts."""
        return await self._call("resend_notification", delivery_id=delivery_id)

    async def search_logs(
        self,
        level: str | None = None,
        category: str | None = None,
        q: str = "",
        limit: int = 100,
        cursor: str | None = None,
        instance_id: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Fields:
        """Return `logs`, newest first and at most 1,000, and `next_cursor`, null on the last page.

        Args:
            q: words that all stand in the record, in any of its fields, whatever the case.
            since, until: ISO-8601 with offset.
        """
        return await self._call(
            "search_logs",
            level=level,
            category=category,
            q=q,
            limit=limit,
            cursor=cursor,
            instance_id=instance_id,
            since=since,
            until=until,
        )

    async def get_log_statistics(self, hours: float = 24) -> Fields:
        """Count the log records of the last hours: `levels`, `categories`, and `trend`, levels by hour."""
        return await self._call("get_log_statistics", hours=hours)

    async def get_services(self) -> Fields:
        """List the monitored services with their state and figures; beside: `status` of all, `count`."""
        return await self._call("get_services")

    async def get_service_history(self, service: str, limit: int = 100) -> Fields:
        """List the newest checks of a service, newest first, at most 100; beside: `service`, `count`."""
        return await self._call("get_service_history", service=service, limit=limit)

    async def get_service_uptime(self, service: str, days: int = 90) -> Fields:
        """Tell how much of the time a service was well: `bars` by day, by hour for one day; `windows`.

        Args:
            days: 1 to 90. Shares are 0-100, null where nothing was measured.
        """
        return await self._call("get_service_uptime", service=service, days=days)

    async def push_outcome(
        self, service: str, ok: bool, duration_ms: float | None = None, error_type: str | None = None
    ) -> Fields:
        """Tell how a call to a monitored service went; data: the service's figures.

        Args:
            error_type: what failed, one of few words; only where `ok` is false.
        """
        return await self._call(
            "push_outcome", service=service, ok=ok, duration_ms=duration_ms, error_type=error_type
        )

    async def get_heartbeat(self) -> Fields:
        """Tell whether services are checked, how often, when last, and with which result."""
        return await self._call("get_heartbeat")

    async def start_heartbeat(self) -> Fields:
        """Check all services from now on; fails when the settings forbid it."""
        return await self._call("start_heartbeat")

    async def stop_heartbeat(self) -> Fields:
        """Check nothing from now on: all services are unknown; fails when the settings forbid it."""
        return await self._call("stop_heartbeat")

    async def get_processes(self) -> Fields:
        """List the processes that the console runs for services; beside: `count`, `running_count`."""
        return await self._call("get_processes")

    async def get_process_output(self, service: str, limit: int = 200) -> Fields:
        """List the newest lines that a service's process wrote, oldest first; beside: `count`."""
        return await self._call("get_process_output", service=service, limit=limit)

    async def start_process(self, service: str) -> Fields:
        """Start a service's process; succeeds once it runs."""
        return await self._call("start_process", service=service)

    async def stop_process(self, service: str) -> Fields:
        """Stop a service's process with all that it began; succeeds once nothing of it is left."""
        return await self._call("stop_process", service=service)

    async def restart_process(self, service: str) -> Fields:
        """Stop and start a service's process; succeeds once it runs again."""
        return await self._call("restart_process", service=service)

    async def trigger_recovery(self, service: str, dry_run: bool = False) -> Fields:
        """Begin to repair a service, whatever its threshold, cool-down and budget; fails while one runs.

        Args:
            dry_run: only tell the steps, whether each would act, and why nothing is repaired by itself.
        """
        return await self._call("trigger_recovery", service=service, dry_run=dry_run)

    async def cancel_recovery(self, service: str) -> Fields:
        """End a repair under way; data: `cancelled`, false when there was none."""
        return await self._call("cancel_recovery", service=service)

    async def get_recovery_status(self) -> Fields:
        """Tell where the repairs of each service stand, and why nothing is done."""
        return await self._call("get_recovery_status")

    async def get_recovery_journal(self, service: str | None = None, limit: int = 50) -> Fields:
        """List repairs, newest first, at most 1,000, with steps, evidence and proofs; beside: `count`."""
        return await self._call("get_recovery_journal", service=service, limit=limit)

    async def create_token(self, name: str, scope: str, expires_in_s: float | None = None) -> Fields:
        """Make a token for the HTTP API; its value is in data under `token`, this once.

        Args:
            scope: `read`, `operate` or `admin`; each contains those before it.
            expires_in_s: None means never.
        """
        return await self._call("create_token", name=name, scope=scope, expires_in_s=expires_in_s)

    async def list_tokens(self) -> Fields:
        """List the tokens of the HTTP API, never their values; beside: `count`."""
        return await self._call("list_tokens")

    async def revoke_token(self, name: str) -> Fields:
        """Refuse a token from now on."""
        return await self._call("revoke_token", name=name)

    async def get_settings(self, group: str) -> Fields:
        """Return a group of settings as it is in force, secrets null; beside: `locked_by`, `has_secret`."""
        return await self._call("get_settings", group=group)

    async def update_settings(self, group: str, values: dict[str, JSON]) -> Fields:
        """Change keys of a group of settings, in force at once; data: the whole group."""
        return await self._call("update_settings", group=group, values=values)

    async def _call(self, method: str, **arguments: JSON | NotificationHandler) -> Fields:
        """Answer one call; what distinguishes one kind of `MonitorAPI` from another."""
        raise NotImplementedError


class MonitorAPIProxy(MonitorAPI):
    """Passes the calls to the console of this process while one is bound, else to one that runs elsewhere.

    Args:
        elsewhere: makes a call, by name and arguments, where no console is bound.
    """

    def __init__(self, *, elsewhere: Callable[[str, Mapping[str, object]], Awaitable[Fields]]) -> None:
        self._elsewhere = elsewhere
        self._bound: MonitorAPI | None = None

    def bind(self, api: MonitorAPI) -> None:
        """Answer by this application from now on.

        Raises:
            BugError: another application is bound.
        """
        if self._bound is not None:
            raise BugError("monitor_api_already_bound")
        self._bound = api

    def unbind(self, api: MonitorAPI) -> None:
        """End what `bind` began; does nothing when another application, or none, is bound."""
        if self._bound is api:
            self._bound = None

    async def _call(self, method: str, **arguments: JSON | NotificationHandler) -> Fields:
        if self._bound is None:
            return await self._elsewhere(method, arguments)
        return await self._bound._call(method, **arguments)  # noqa: SLF001 - of the same class


async def _attached(method: str, arguments: Mapping[str, object]) -> Fields:
    # Imported with the first call: programs that only import the facade need not wait for an HTTP client.
    from wxauto_mgt.api.console_link import running_console

    return await running_console(os.environ).call(method, arguments)


monitor_api: Final = MonitorAPIProxy(elsewhere=_attached)
