"""The SQL of the repair journal and of the budgets; the only place for it.

The journal calls it. Writes run on the writer's thread, in the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from wxauto_mgt.core.recovery.actions.contract import RepairOutcome
from wxauto_mgt.core.recovery.model import CheckSeen, Reason, RunOutcome, RunRecord, StepRecord, Undone
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

RUNS_KEPT: Final = 5_000

_BEGIN_RUN = """
INSERT INTO recovery_run (id, service, trigger, who, attempt, began_at_us) VALUES (?, ?, ?, ?, ?, ?)
"""
_PRUNE_RUNS = "DELETE FROM recovery_run WHERE number <= (SELECT max(number) FROM recovery_run) - ?"
_END_RUN = """
UPDATE recovery_run SET ended_at_us = ?, outcome = ?, reason_code = ?, reason_params = ?, before = ?,
    after = ?
WHERE id = ?
"""
_SAVE_STEP = """
INSERT INTO recovery_step (run_id, position, action, began_at_us, ended_at_us, outcome, reason_code, params,
                           evidence, proof, undo)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id, position) DO UPDATE SET ended_at_us = excluded.ended_at_us, outcome = excluded.outcome,
    reason_code = excluded.reason_code, params = excluded.params, evidence = excluded.evidence,
    proof = excluded.proof, undo = excluded.undo
"""
_OPEN_RUNS = "SELECT * FROM recovery_run WHERE outcome IS NULL ORDER BY number"
_SAVE_BUDGET = """
INSERT INTO recovery_budget (service, attempts, restarted_at_us, is_told) VALUES (?, ?, ?, ?)
ON CONFLICT (service) DO UPDATE SET attempts = excluded.attempts,
    restarted_at_us = excluded.restarted_at_us, is_told = excluded.is_told
"""
_BUDGETS = "SELECT * FROM recovery_budget"
_RUNS = """
SELECT * FROM recovery_run WHERE (?1 IS NULL OR service = ?1) ORDER BY number DESC LIMIT ?2
"""
_LATEST_RUNS = """
SELECT * FROM recovery_run WHERE number IN (SELECT max(number) FROM recovery_run GROUP BY service)
"""
_STEPS = """
SELECT * FROM recovery_step WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, position
"""


@dataclass(frozen=True)
class Budget:
    """What is stored of a service beside its runs."""

    service: str
    attempts: int = 0
    restarted_at: datetime | None = None
    is_told: bool = False


def begin_run(tx: sqlite3.Connection, run: RunRecord) -> None:
    """Write a run that begins; the oldest go, beyond the number that is kept."""
    tx.execute(_BEGIN_RUN, (run.id, run.service, run.trigger, run.who, run.attempt, to_us(run.began_at)))
    tx.execute(_PRUNE_RUNS, (RUNS_KEPT,))


def end_run(tx: sqlite3.Connection, run: RunRecord) -> None:
    """Write how a run ended."""
    reason = run.reason or Reason("")
    tx.execute(
        _END_RUN,
        (
            None if run.ended_at is None else to_us(run.ended_at),
            None if run.outcome is None else run.outcome.value,
            reason.code,
            _json(reason.params),
            _seen_text(run.before),
            _seen_text(run.after),
            run.id,
        ),
    )


def save_step(tx: sqlite3.Connection, run_id: str, step: StepRecord) -> None:
    """Write a step, before it acts or after it."""
    tx.execute(
        _SAVE_STEP,
        (
            run_id,
            step.position,
            step.action,
            to_us(step.began_at),
            None if step.ended_at is None else to_us(step.ended_at),
            None if step.outcome is None else step.outcome.value,
            step.reason_code,
            _json(step.params),
            _json(step.evidence),
            _seen_text(step.proof),
            None if step.undone is None else _json(asdict(step.undone)),
        ),
    )


def save_budget(tx: sqlite3.Connection, budget: Budget) -> None:
    """Write what is left of a service's budget."""
    at = budget.restarted_at
    tx.execute(
        _SAVE_BUDGET,
        (budget.service, budget.attempts, None if at is None else to_us(at), int(budget.is_told)),
    )


def open_runs(tx: sqlite3.Connection) -> list[RunRecord]:
    """Return the runs that have no end; asked when the console starts, they were cut off."""
    cursor = tx.execute(_OPEN_RUNS)
    names = [column[0] for column in cursor.description]
    return [_run(dict(zip(names, row, strict=True)), ()) for row in cursor]


async def budgets(db: Database) -> list[Budget]:
    """Return all stored budgets."""
    return [
        Budget(
            service=row["service"],
            attempts=row["attempts"],
            restarted_at=_instant(row["restarted_at_us"]),
            is_told=bool(row["is_told"]),
        )
        for row in await db.fetch_all(_BUDGETS)
    ]


async def runs(db: Database, service: str | None, *, limit: int) -> list[RunRecord]:
    """Return runs with their steps, newest first; None = of all services."""
    return await _with_steps(db, await db.fetch_all(_RUNS, (service, limit)))


async def latest_runs(db: Database) -> list[RunRecord]:
    """Return the newest run of each service, without steps."""
    return [_run(dict(row), ()) for row in await db.fetch_all(_LATEST_RUNS)]


async def _with_steps(db: Database, rows: Sequence[sqlite3.Row]) -> list[RunRecord]:
    steps: dict[str, list[StepRecord]] = {}
    for row in await db.fetch_all(_STEPS, (json.dumps([row["id"] for row in rows]),)):
        steps.setdefault(row["run_id"], []).append(_step(row))
    return [_run(dict(row), tuple(steps.get(row["id"], ()))) for row in rows]


def _run(row: Mapping[str, object], steps: tuple[StepRecord, ...]) -> RunRecord:
    outcome, code = row["outcome"], row["reason_code"]
    return RunRecord(
        id=str(row["id"]),
        service=str(row["service"]),
        trigger=str(row["trigger"]),
        who=str(row["who"]),
        attempt=int(str(row["attempt"])),
        began_at=from_us(int(str(row["began_at_us"]))),
        ended_at=_instant(row["ended_at_us"]),
        outcome=None if outcome is None else RunOutcome(str(outcome)),
        reason=Reason(str(code), json.loads(str(row["reason_params"]))) if code else None,
        before=_seen(row["before"]),
        after=_seen(row["after"]),
        steps=steps,
    )


def _step(row: sqlite3.Row) -> StepRecord:
    return StepRecord(
        position=row["position"],
        action=row["action"],
        began_at=from_us(row["began_at_us"]),
        ended_at=_instant(row["ended_at_us"]),
        outcome=None if row["outcome"] is None else RepairOutcome(row["outcome"]),
        reason_code=row["reason_code"],
        params=json.loads(row["params"]),
        evidence=json.loads(row["evidence"]),
        proof=_seen(row["proof"]),
        undone=None if row["undo"] is None else Undone(**json.loads(row["undo"])),
    )


def _seen_text(seen: CheckSeen | None) -> str | None:
    if seen is None:
        return None
    return _json({**asdict(seen), "at": to_us(seen.at)})


def _seen(text: object) -> CheckSeen | None:
    if not isinstance(text, str):
        return None
    fields = json.loads(text)
    return CheckSeen(**{**fields, "at": from_us(fields["at"])})


def _instant(at_us: object) -> datetime | None:
    return from_us(at_us) if isinstance(at_us, int) else None


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)
