"""What must hold after any run, whatever went wrong in it: the simulator's truth against our rows.

Reads the database and the servers' worlds; each check returns the findings as sentences.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.soak.rig import AI_KEY, MARK, SERVER_KEY, Rig

_OWN_TEXT = re.compile(r"问题\d+号")


@dataclass(frozen=True)
class SentReply:
    """A reply row beside what truly went out of its text."""

    id: int
    message_id: int
    instance_id: str
    chat: str
    text: str
    state: str
    was_unknown: bool
    times_sent: int


def findings(rig: Rig) -> list[str]:
    """All that is wrong after a run that was healed and stopped."""
    with closing(sqlite3.connect(f"file:{rig.folder / 'console.db'}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        replies = _replies(rig, db)
        return [
            *_open_rows(db),
            *_sent_without_row(rig, replies),
            *_lying_states(replies),
            *_answered_twice(rig),
            *_order(rig, replies),
            *_lost(rig, db),
            *(overlap for upstream in rig.upstreams for overlap in upstream.overlaps),
            *leaked_secrets(rig.folder),
        ]


def _replies(rig: Rig, db: sqlite3.Connection) -> list[SentReply]:
    sent = Counter(
        (upstream.id, message.chat, message.text)
        for upstream in rig.upstreams
        for message in upstream.server.world.sent
    )
    rows = db.execute(
        """
        SELECT r.*, c.name, EXISTS (SELECT 1 FROM timeline t WHERE t.message_id = r.message_id
                                    AND t.step = 'send_unknown') AS was_unknown
        FROM reply r JOIN chat c ON c.id = r.chat_id ORDER BY r.id
        """
    )
    return [
        SentReply(
            id=row["id"],
            message_id=row["message_id"],
            instance_id=row["instance_id"],
            chat=row["name"],
            text=row["text"],
            state=row["state"],
            was_unknown=bool(row["was_unknown"]),
            times_sent=sent[row["instance_id"], row["name"], row["text"]],
        )
        for row in rows
    ]


def _open_rows(db: sqlite3.Connection) -> Iterator[str]:
    for row in db.execute(
        "SELECT id, state, reason, content FROM message WHERE state IN ('queued', 'delivering')"
    ):
        yield f"message {row['id']} stays {row['state']} ({row['reason']}): {row['content']}"
    for row in db.execute("SELECT id, state, text FROM reply WHERE state IN ('pending', 'sending')"):
        yield f"reply {row['id']} stays {row['state']}: {row['text']}"


def _sent_without_row(rig: Rig, replies: list[SentReply]) -> Iterator[str]:
    known = {(reply.instance_id, reply.chat, reply.text) for reply in replies}
    for upstream in rig.upstreams:
        for message in upstream.server.world.sent:
            if (upstream.id, message.chat, message.text) not in known:
                yield f"{upstream.id} sent to {message.chat} what nobody wrote there: {message.text}"


def _lying_states(replies: list[SentReply]) -> Iterator[str]:
    for reply in replies:
        if reply.times_sent > 1:
            yield f"reply {reply.id} ({reply.state}) was sent {reply.times_sent} times: {reply.text}"
        if reply.state == "confirmed" and not reply.times_sent:
            yield f"reply {reply.id} is confirmed and never went out: {reply.text}"
        if reply.state in ("failed", "pending") and reply.times_sent:
            yield f"reply {reply.id} is {reply.state} and went out: {reply.text}"


def _answered_twice(rig: Rig) -> Iterator[str]:
    answers: Counter[tuple[str, str, str]] = Counter()
    for upstream in rig.upstreams:
        for message in upstream.server.world.sent:
            found = _OWN_TEXT.search(message.text)
            if found is not None:
                answers[upstream.id, message.chat, found.group()] += 1
    for (instance_id, chat, question), count in answers.items():
        if count > 1:
            yield f"{question} of {chat} on {instance_id} got {count} replies"


def _order(rig: Rig, replies: list[SentReply]) -> Iterator[str]:
    """What surely went when we sent it; a hung send may go out later than we can know."""
    by_text = {(reply.instance_id, reply.chat, reply.text): reply for reply in replies}
    for upstream in rig.upstreams:
        last: dict[str, SentReply] = {}
        for message in upstream.server.world.sent:
            reply = by_text.get((upstream.id, message.chat, message.text))
            if reply is None or reply.was_unknown:
                continue
            before = last.get(message.chat)
            if before is not None and before.message_id > reply.message_id:
                yield f"reply {reply.id} went out after {before.id} in {message.chat} on {upstream.id}"
            last[message.chat] = reply


def _lost(rig: Rig, db: sqlite3.Connection) -> Iterator[str]:
    """Texts that came in whole answers and are not stored; broken answers that are not kept."""
    stored: defaultdict[str, set[str]] = defaultdict(set)
    for row in db.execute("SELECT instance_id, content FROM message WHERE origin = 'other'"):
        stored[row["instance_id"]].add(row["content"])
    kept = {bytes(row["body"]) for row in db.execute("SELECT body FROM unreadable_reply")}
    for answer in rig.delivered:
        try:
            data = json.loads(answer.body)["data"]
        except (ValueError, KeyError):
            if answer.status == 200 and answer.body.strip() and answer.body not in kept:
                yield f"{answer.instance_id} {answer.route}: a broken answer is not kept"
            continue
        for rows in ((data or {}).get("messages") or {}).values():
            for row in rows:
                is_from_person = MARK in row["content"] and row["sender"].lower() != "self"
                if is_from_person and row["content"] not in stored[answer.instance_id]:
                    yield f"{answer.instance_id} {answer.route} handed out and is lost: {row['content']}"


def leaked_secrets(folder: Path) -> Iterator[str]:
    """Keys and message texts where they must not stand."""
    files = [*(folder / "logs").glob("**/*"), *(folder / "exports").glob("**/*"), *folder.glob("*.json")]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        for secret in (AI_KEY, SERVER_KEY, MARK, MARK.encode("unicode_escape").decode()):
            if secret in text:
                line = next(line for line in text.splitlines() if secret in line)
                yield f"{secret!r} stands in {file.name}: {line[:300]}"


def figures(rig: Rig) -> dict[str, object]:
    """What a run amounted to."""
    with closing(sqlite3.connect(f"file:{rig.folder / 'console.db'}?mode=ro", uri=True)) as db:
        states = dict(
            db.execute("SELECT state || ':' || coalesce(reason, ''), count(*) FROM message GROUP BY 1")
        )
        replies = dict(
            db.execute("SELECT state || ':' || coalesce(reason, ''), count(*) FROM reply GROUP BY 1")
        )
    return {
        "said": len(rig.said),
        "repeats": rig.repeats,
        "reads": len(rig.delivered),
        "sent": sum(len(upstream.server.world.sent) for upstream in rig.upstreams),
        "messages": states,
        "replies": replies,
    }
