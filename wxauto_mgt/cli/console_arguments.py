"""The part of the argument tree that asks the running console. Runs nothing; `arguments` adds it."""

from __future__ import annotations

import argparse
from typing import Final

from wxauto_mgt.cli.commands import (
    Act,
    CreateToken,
    EndSilence,
    ListTokens,
    MakeSilence,
    Reload,
    Repair,
    RevokeToken,
    ShowAlerts,
    ShowErrors,
    ShowHealth,
    ShowListeners,
    ShowLogs,
    ShowMetrics,
    ShowServices,
    ShowSilences,
    ShowStatus,
    SilenceCommand,
)
from wxauto_mgt.cli.parsers import CommandTree, count, duration, pair
from wxauto_mgt.core.logs.record import Category, Level

_HOUR_S: Final = 3_600.0


def add_console_commands(tree: CommandTree) -> None:
    """Add all of them."""
    _add_state(tree)
    _add_acting(tree)
    _add_alerts(tree)
    _add_logs(tree)
    metrics = tree.add(
        "metrics", "cli.help.metrics", lambda found: ShowMetrics(found.name, found.since or _HOUR_S)
    )
    metrics.add_argument("name", nargs="?", metavar="NAME", help=tree.text("cli.help.metric_name"))
    _add_tokens(tree)
    metrics.add_argument("--since", type=duration, metavar="TIME", help=tree.text("cli.help.metric_since"))


def _add_state(tree: CommandTree) -> None:
    tree.add("status", "cli.help.status", lambda _found: ShowStatus())
    health = tree.add(
        "health", "cli.help.health", lambda found: ShowHealth(watch=found.watch, sample=found.sample)
    )
    how = health.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help=tree.text("cli.help.watch"))
    how.add_argument("--sample", action="store_true", help=tree.text("cli.help.sample"))
    errors = tree.add("errors", "cli.help.errors", lambda found: ShowErrors(found.limit))
    errors.add_argument(
        "--limit", "-n", type=count, default=20, metavar="N", help=tree.text("cli.help.limit")
    )
    tree.add("listeners", "cli.help.listeners", lambda _found: ShowListeners())
    tree.add("services", "cli.help.services", lambda _found: ShowServices())


def _add_acting(tree: CommandTree) -> None:
    repair = tree.add(
        "repair",
        "cli.help.repair",
        lambda found: Repair(found.service, dry_run=found.dry_run, wait=found.wait),
    )
    repair.add_argument("service", metavar="SERVICE", help=tree.text("cli.help.repair_service"))
    how = repair.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help=tree.text("cli.help.dry_run"))
    how.add_argument("--wait", action="store_true", help=tree.text("cli.help.wait"))
    tree.add("restart", "cli.help.restart", lambda _found: Act("restart"))
    tree.add("pause", "cli.help.pause", lambda _found: Act("pause"))
    tree.add("resume", "cli.help.resume", lambda _found: Act("resume"))
    tree.add("reload", "cli.help.reload", lambda _found: Reload())


def _add_alerts(tree: CommandTree) -> None:
    alerts = tree.add("alerts", "cli.help.alerts", lambda found: ShowAlerts(found.history))
    alerts.add_argument(
        "--history", type=float, nargs="?", const=24.0, metavar="HOURS", help=tree.text("cli.help.history")
    )
    silence = tree.add("silence", "cli.help.silence", _silence)
    what = silence.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help=tree.text("cli.help.silence_list"))
    what.add_argument("--end", type=int, metavar="ID", help=tree.text("cli.help.silence_end"))
    silence.add_argument("rule", nargs="?", default="*", metavar="RULE", help=tree.text("cli.help.rule"))
    silence.add_argument(
        "--for", dest="time", type=duration, default=_HOUR_S, metavar="TIME", help=tree.text("cli.help.for")
    )
    silence.add_argument(
        "--label", type=pair, action="append", default=[], metavar="N=V", help=tree.text("cli.help.label")
    )
    silence.add_argument("--note", default="", metavar="TEXT", help=tree.text("cli.help.note"))


def _silence(found: argparse.Namespace) -> SilenceCommand:
    if found.list:
        return ShowSilences()
    if found.end is not None:
        return EndSilence(found.end)
    return MakeSilence(found.rule, found.time, found.note, dict(found.label))


def _add_tokens(tree: CommandTree) -> None:
    tokens = tree.group("token", "cli.help.token")
    create = tokens.add(
        "create",
        "cli.help.token_create",
        lambda found: CreateToken(found.name, found.scope, found.expires),
    )
    create.add_argument("name", metavar="NAME", help=tree.text("cli.help.token_name"))
    create.add_argument(
        "--scope", choices=("read", "operate", "admin"), default="read", help=tree.text("cli.help.scope")
    )
    create.add_argument("--expires", type=duration, metavar="TIME", help=tree.text("cli.help.expires"))
    tokens.add("list", "cli.help.token_list", lambda _found: ListTokens())
    revoke = tokens.add("revoke", "cli.help.token_revoke", lambda found: RevokeToken(found.name))
    revoke.add_argument("name", metavar="NAME", help=tree.text("cli.help.token_name"))


def _add_logs(tree: CommandTree) -> None:
    logs = tree.add(
        "logs",
        "cli.help.logs",
        lambda found: ShowLogs(
            follow=found.follow,
            count=found.limit,
            words=" ".join(found.words),
            level=found.level,
            category=found.category,
            instance_id=found.instance,
        ),
    )
    logs.add_argument("words", nargs="*", metavar="WORD", help=tree.text("cli.help.words"))
    logs.add_argument("--follow", "-f", action="store_true", help=tree.text("cli.help.follow"))
    logs.add_argument("--limit", "-n", type=count, default=50, metavar="N", help=tree.text("cli.help.limit"))
    logs.add_argument("--level", choices=[level.value for level in Level], help=tree.text("cli.help.level"))
    categories = [category.value for category in Category]
    logs.add_argument("--category", choices=categories, help=tree.text("cli.help.category"))
    logs.add_argument("--instance", metavar="ID", help=tree.text("cli.help.instance"))
