"""Finds what differs between two configurations in force. Pure; the service publishes the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from wxauto_mgt.core.config.compiler import Compiled
from wxauto_mgt.core.config.model import SETTINGS, Snapshot
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType


def differences(
    before: tuple[Snapshot, Compiled],
    after: tuple[Snapshot, Compiled],
    *,
    kinds: Iterable[str],
    at: datetime,
) -> list[ConfigChanged]:
    """List the changes, kind by kind, settings last.

    An object counts as changed when it, or the way its document is written, differs; one that goes out of
    force counts as removed.
    """
    (old_snapshot, old), (new_snapshot, new) = before, after
    changes = []
    for kind in (*kinds, SETTINGS):
        was_usable, is_usable = _usable(old_snapshot, kind), _usable(new_snapshot, kind)
        for object_id in dict.fromkeys((*was_usable, *is_usable)):
            was, now = was_usable.get(object_id), is_usable.get(object_id)
            key = (kind, object_id)
            old_document, new_document = old.documents.get(key), new.documents.get(key)
            if was is now and old_document is new_document:
                continue  # untouched by the edit, as almost all are: comparing them would cost more than it
            if was != now or old_document != new_document:
                change_type = ConfigChangeType.of(kind, was, now)
                changes.append(
                    ConfigChanged(change_type, kind, object_id, was, now, new_snapshot.revision, at)
                )
    return changes


def _usable(snapshot: Snapshot, kind: str) -> Mapping[str, object]:
    return snapshot.candidate.settings_by_group if kind == SETTINGS else snapshot.objects(kind)
