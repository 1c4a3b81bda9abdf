"""Reads the bytes of an answer: the envelope, the batch of a destructive read, the outcome of a send.

Pure. HTTP status and `code` are both checked; HTML and broken JSON are ordinary cases here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wxauto_mgt.core.instances.message_rows import JSON, clean_text, rows_of_chat
from wxauto_mgt.core.instances.model import SendAnswer, SendOutcome, SendReason
from wxauto_mgt.core.instances.salvage import salvage_messages
from wxauto_mgt.core.instances.transport import RawAnswer
from wxauto_mgt.core.wire import Channel, ChatRows, ReadBatch
from wxauto_mgt.errors import (
    InstanceAnswerUnreadable,
    InstanceError,
    InstanceMaybeLimited,
    InstanceRejected,
    InstanceUnauthorized,
)

_SHOWN_SENTENCE_CHARS: Final = 200
_MESSAGES: Final = "messages"
_QUEUE_TIMEOUT_MARK: Final = "超时"


@dataclass(frozen=True)
class Envelope:
    """`{"code", "message", "data"}` of a JSON answer."""

    code: int
    message: str
    data: JSON


def read_envelope(body: bytes) -> Envelope | None:
    """Return the envelope, or None for anything else (HTML, broken JSON, other JSON)."""
    try:
        document: JSON = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    code, message = document.get("code"), document.get("message")
    if not isinstance(code, int) or isinstance(code, bool):
        return None
    return Envelope(code, message if isinstance(message, str) else "", document.get("data"))


def failure_of(answer: RawAnswer, envelope: Envelope | None) -> InstanceError | None:
    """Return the error that an answer stands for; None for HTTP 200 with code 0."""
    if answer.status == 401:
        return InstanceUnauthorized("instance_unauthorized")
    if answer.status == 429 or (answer.status == 500 and envelope is not None and envelope.code == 5000):
        return InstanceMaybeLimited("instance_maybe_limited", status=answer.status)
    if envelope is None:
        return InstanceAnswerUnreadable("instance_answer_unreadable", status=answer.status)
    if answer.status != 200 or envelope.code != 0:
        return InstanceRejected(
            "instance_rejected",
            status=answer.status,
            upstream_code=envelope.code,
            detail=_shown(envelope.message),
        )
    return None


def data_of(answer: RawAnswer) -> Mapping[str, JSON]:
    """Return `data` of a successful answer.

    Raises:
        InstanceError: the answer stands for a failure, or `data` is no object.
    """
    envelope = read_envelope(answer.body)
    failure = failure_of(answer, envelope)
    if failure is not None:
        raise failure
    if envelope is None or not isinstance(envelope.data, dict):
        raise InstanceAnswerUnreadable("instance_answer_unexpected", status=answer.status)
    return envelope.data


def read_batch(answer: RawAnswer, *, instance_id: str, channel: Channel, received_at: datetime) -> ReadBatch:
    """Read the reply of a destructive read; whatever it holds comes back, readable or not.

    Raises:
        InstanceError: the reply stands for a failure and certainly holds no message.
    """
    envelope = read_envelope(answer.body) if answer.broken is None else None
    chats = _chats_of(envelope)
    failure = answer.broken or failure_of(answer, envelope)
    reason: str | None = None
    if chats is None:
        # A refusal that is an envelope of its own lost nothing; nor did an answer without a single byte.
        if failure is not None and (envelope is not None or not answer.body.strip()):
            raise failure
        chats = _salvaged(answer.body)
        # 4xx pages come from before the read was carried out.
        if failure is not None and not chats and 400 <= answer.status < 500:
            raise failure
        reason = failure.code if failure is not None else "instance_answer_unexpected"
    elif failure is not None and not chats:
        raise failure
    return ReadBatch(
        instance_id=instance_id,
        channel=channel,
        chats=chats,
        received_at=received_at,
        unreadable=answer.body if reason is not None else None,
        unreadable_reason=reason,
    )


def _chats_of(envelope: Envelope | None) -> tuple[ChatRows, ...] | None:
    """The chats of a whole reply; None when `data.messages` is not where it belongs."""
    if envelope is None or not isinstance(envelope.data, dict):
        return None
    messages = envelope.data.get(_MESSAGES)
    if not isinstance(messages, dict):
        return None
    try:
        return tuple(rows_of_chat(name, items) for name, items in messages.items() if items != [])
    except RecursionError:  # nested too deep to write down again
        return None


def _salvaged(body: bytes) -> tuple[ChatRows, ...]:
    found = salvage_messages(body.decode("utf-8", "replace"))
    # A list right under `messages` names no chat: its rows stay in the reply's bytes only.
    return tuple(rows_of_chat(name, items) for name, items in found.items() if name != _MESSAGES)


def send_answer(answer: RawAnswer, *, is_window: bool) -> SendAnswer:
    """Judge the answer to a send. `NOT_SENT` only where the protocol proves it."""
    envelope = read_envelope(answer.body) if answer.broken is None else None
    code = envelope.code if envelope is not None else None
    detail = _shown(envelope.message) if envelope is not None else ""
    match (answer.status, code):
        case (200, 0):
            return SendAnswer(SendOutcome.ACCEPTED, SendReason.ACCEPTED, detail)
        case (401, _):
            # A key is often changed on the server first: until it is entered here, replies wait.
            return SendAnswer(SendOutcome.NOT_SENT, SendReason.UNAUTHORIZED, detail, retryable=True)
        case (400, 1002):
            return SendAnswer(SendOutcome.NOT_SENT, SendReason.BAD_REQUEST, detail)
        case (400, 3001):
            return SendAnswer(SendOutcome.NOT_SENT, SendReason.CONTACT_MISMATCH, detail)
        case (404, 3001) if is_window:
            return SendAnswer(SendOutcome.NOT_SENT, SendReason.WINDOW_NOT_LISTENED, detail, retryable=True)
        case (404, 3001):
            return SendAnswer(SendOutcome.NOT_SENT, SendReason.CONTACT_NOT_FOUND, detail, retryable=True)
    if answer.status >= 500:
        # "Task N timed out" comes from the server's own queue: the task goes on and may send later.
        still_runs = envelope is not None and _QUEUE_TIMEOUT_MARK in envelope.message
        return SendAnswer(SendOutcome.UNKNOWN, SendReason.SERVER_ERROR, detail, may_still_run=still_runs)
    if envelope is None:
        return SendAnswer(SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE)
    return SendAnswer(SendOutcome.UNKNOWN, SendReason.REFUSED, detail)


def _shown(sentence: str) -> str:
    text = clean_text(" ".join(sentence.split()))
    return text if len(text) <= _SHOWN_SENTENCE_CHARS else text[: _SHOWN_SENTENCE_CHARS - 1] + "…"
