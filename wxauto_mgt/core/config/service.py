"""The configuration in force: loads it, changes it as a whole or not at all, and tells who is concerned.

The only writer of configuration. Forms, the command line and the facade call it; slices read `snapshot`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from wxauto_mgt.core.config import history, store
from wxauto_mgt.core.config.compiler import Compiled, Compiler, PendingDocument
from wxauto_mgt.core.config.differences import differences
from wxauto_mgt.core.config.documents import export_document, form_document, plan_import
from wxauto_mgt.core.config.draft import Draft
from wxauto_mgt.core.config.key_keeper import SECRETS_GROUP, KeyKeeper
from wxauto_mgt.core.config.model import (
    JSON,
    SETTINGS,
    ConfigSection,
    Edit,
    ImportResult,
    Revision,
    RevisionChange,
    SettingsGroup,
    Snapshot,
    StoredDocument,
    place_of,
)
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.config.reading import read_document
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.errors import ConfigError, Problem, RevisionMoved
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

WATCH_INTERVAL_S: Final = 0.25
_MAX_TRIES: Final = 8


class ConfigService:
    """Use it on the loop's thread. `load` first.

    Args:
        environment: variables that win over settings, and what `${NAME}` stands for.

    Raises:
        ConfigError: a variable that wins over a setting does not fit it.
    """

    def __init__(
        self,
        *,
        db: Database,
        sections: Sequence[ConfigSection[Any]],
        settings_groups: Sequence[SettingsGroup],
        secrets: SecretBox,
        notifier: ConfigNotifier,
        clock: Clock,
        environment: Mapping[str, str],
    ) -> None:
        self._db = db
        self._secrets = secrets
        self._notifier = notifier
        self._clock = clock
        self._compiler = Compiler(
            sections=sections,
            settings_groups=[*settings_groups, SECRETS_GROUP],
            secrets=secrets,
            environment=environment,
        )
        self._keys = KeyKeeper(secrets=secrets)
        self._lock = asyncio.Lock()
        # Before `load` there are the defaults, so that no reader ever meets None.
        self._compiled = self._compiler.compile({}, base=None, strict=True)
        self._revision = 0
        self._snapshot = self._new_snapshot()
        self._seen_data_version: int | None = None
        self._is_behind = False

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force; frozen, replaced after each committed change."""
        return self._snapshot

    @property
    def sections(self) -> Mapping[str, ConfigSection[Any]]:
        """The sections of this console by kind."""
        return self._compiler.sections

    @property
    def settings_groups(self) -> Mapping[str, SettingsGroup]:
        """The settings groups of this console by name."""
        return self._compiler.groups

    async def load(self) -> None:
        """Read what is stored and put it in force without telling anybody.

        A document that cannot be used is out of force and named in `snapshot.unreadable`.
        """
        async with self._lock:
            state = await store.read_state(self._db)
            chosen = state.documents.get((SETTINGS, SECRETS_GROUP.name), {}).get("key_store")
            if isinstance(chosen, str):
                self._secrets.prefer(chosen)
            await self._put_in_force(state, base=None)
            for key, problem in self._snapshot.unreadable.items():
                _log.warning("out of force: %s: %s", place_of(*key), problem.reason)

    async def apply(self, edits: Sequence[Edit], *, who: str) -> int:
        """Validate edits as a whole, store them as one revision, put them in force, tell the subscribers.

        Returns:
            The revision in force; the old one when the edits change nothing.

        Raises:
            ConfigError: nothing was stored, nothing changed.
        """

        def build() -> Draft:
            draft = self._draft()
            draft.apply(edits)
            return draft

        async with self._lock:
            await self._commit(build, who=who, action="edit")
            return self._revision

    async def import_document(
        self, text: str, *, filename: str, replace: bool, who: str, dry_run: bool = False
    ) -> ImportResult:
        """Import a YAML or JSON document in one transaction; with `dry_run` only tell what it would do.

        Raises:
            ConfigError: problems with line, object, field and reason; nothing was stored.
        """
        located = await asyncio.to_thread(read_document, text, filename=filename)
        plan = plan_import(located, self._compiler)

        def build() -> Draft:
            draft = self._draft(merge_settings=not replace)
            draft.apply(plan.edits(list(self._compiled.documents), replace=replace))
            return draft

        async with self._lock:
            try:
                draft = await self._commit(build, who=who, action="import", dry_run=dry_run)
            except ConfigError as error:
                raise plan.relocate(error.problems) from None
            return draft.result(self._revision, named=plan.places)

    async def export(self, *, with_secrets: bool) -> dict[str, JSON]:
        """Write the whole configuration as one document.

        Raises:
            SecretUnreadable: with secrets, but one of them cannot be opened.
        """
        open_secret = self._secrets.unseal if with_secrets else None
        return export_document(self._compiled.documents, self._compiler, open_secret=open_secret)

    async def document(self, kind: str, object_id: str) -> StoredDocument | None:
        """Return an object as it is stored, for a form: secrets null; None when there is none."""
        key = (kind, object_id)
        stored = self._compiled.documents.get(key)
        if stored is None and not (kind == SETTINGS and object_id in self._compiler.groups):
            return None
        unreadable = self._snapshot.unreadable.get(key)
        shown = form_document(key, stored or {}, self._compiler.secret_fields(key, stored or {}), unreadable)
        locked_by = self._snapshot.locked_by(object_id) if kind == SETTINGS else {}
        return dataclasses.replace(shown, locked_by=locked_by)

    async def history(
        self,
        kind: str | None = None,
        object_id: str | None = None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Revision]:
        """Return revisions, newest first, secrets masked; of one kind or object where asked."""
        return await history.read(self._db, kind=kind, object_id=object_id, before=before, limit=limit)

    async def diff(self, since: int) -> list[RevisionChange]:
        """Return what changed after a revision, one entry for each object; what a rollback would undo."""
        return await history.diff(self._db, since=since, last=self._revision)

    async def rollback(self, revision: int, *, who: str) -> int:
        """Go back to the state of a revision, as a new revision that is checked like any edit.

        Raises:
            ConfigError: there is no such revision, or that state is refused today.
        """
        async with self._lock:
            if not 0 <= revision <= self._revision:
                raise ConfigError([Problem("", "", "unknown_revision", {"revision": revision})])
            current = self._compiled.documents
            former = await history.documents_at(self._db, current, revision=revision, last=self._revision)

            def build() -> Draft:
                draft = self._draft()
                for key in dict.fromkeys((*self._compiled.documents, *former)):
                    draft.restore(key, former.get(key))
                return draft

            await self._commit(build, who=who, action="rollback")
            return self._revision

    async def forget_lost_secrets(self, *, who: str) -> int:
        """Drop sealed values whose key is gone, so that a new key may be made and secrets entered."""

        def build() -> Draft:
            draft = self._draft()
            draft.drop_sealed(self._keys.is_lost)
            return draft

        async with self._lock:
            await self._commit(build, who=who, action="forget_lost_secrets", strict=False)
            return self._revision

    async def refresh(self) -> bool:
        """Take over what another process committed; tell whether there was anything."""
        async with self._lock:
            return await self._refresh()

    async def reload(self) -> bool:
        """Read and parse everything again, then announce `reloaded`; tell whether anything differs."""
        async with self._lock:
            before, now = (self._snapshot, self._compiled), self._clock.now()
            await self._put_in_force(await store.read_state(self._db), base=None)
            changes = self._since(before, now)
            announced = ConfigChanged(ConfigChangeType.RELOADED, "", "", None, None, self._revision, now)
            self._notifier.publish([*changes, announced])
            return bool(changes)

    async def watch(self, beat: Callable[[], None]) -> None:
        """Notice commits of other processes; a supervised loop that ends by cancellation."""
        while True:
            beat()
            version = await self._db.data_version()
            if version != self._seen_data_version or self._is_behind:
                await self.refresh()
                self._seen_data_version = version
            await self._clock.sleep(WATCH_INTERVAL_S)

    def _draft(self, *, merge_settings: bool = True) -> Draft:
        return Draft(
            stored=self._compiled.documents,
            compiler=self._compiler,
            secrets=self._secrets,
            merge_settings=merge_settings,
        )

    async def _commit(
        self,
        build: Callable[[], Draft],
        *,
        who: str,
        action: str,
        dry_run: bool = False,
        strict: bool = True,
    ) -> Draft:
        """Build, check, store, swap, tell; again from the start when another process was faster."""
        for _ in range(_MAX_TRIES):
            try:
                draft = build()
                compiled = self._compiler.compile(draft.pending, base=self._compiled, strict=strict)
            except ConfigError:
                # What is missing may just have come from another process, unseen by the watch loop yet.
                if await self._refresh():
                    continue
                raise
            if dry_run or not draft.changed_keys():
                return draft
            if draft.has_clear:
                await self._keys.ensure_for(draft)
                draft.seal()
            try:
                await self._store(draft, compiled, who=who, action=action)
            except RevisionMoved:
                await self._refresh()
            else:
                return draft
        raise RevisionMoved("config_busy")

    async def _store(self, draft: Draft, compiled: Compiled, *, who: str, action: str) -> None:
        changes, base, at = draft.changes(), self._revision, self._clock.now()

        def write(tx: sqlite3.Connection) -> int:
            return store.write_revision(tx, changes, base=base, at=at, who=who, action=action)

        # A cancelled wait does not undo the commit: then the watch loop has to catch up.
        self._is_behind = True
        self._revision = await self._db.run(write)
        self._is_behind = False
        before = (self._snapshot, self._compiled)
        self._compiled = dataclasses.replace(compiled, documents=draft.documents())
        self._snapshot = self._new_snapshot()
        _log.info("configuration revision %d (%s): %d changed", self._revision, action, len(changes))
        self._notifier.publish(self._since(before, at))

    async def _refresh(self) -> bool:
        state = await store.read_state(self._db)
        self._is_behind = False
        if state.revision == self._revision:
            return False
        before = (self._snapshot, self._compiled)
        await self._put_in_force(state, base=self._compiled)
        _log.info("configuration revision %d came from another process", self._revision)
        self._notifier.publish(self._since(before, state.at or self._clock.now()))
        return True

    async def _put_in_force(self, state: store.StoredState, *, base: Compiled | None) -> None:
        await self._keys.read_for(state.documents.values())
        pending = {key: PendingDocument(document) for key, document in state.documents.items()}
        self._compiled = self._compiler.compile(pending, base=base, strict=False)
        self._revision = state.revision
        self._snapshot = self._new_snapshot()

    def _new_snapshot(self) -> Snapshot:
        return Snapshot(
            self._revision,
            self._compiled.candidate,
            self._compiled.unreadable,
            self._compiler.read_only_settings,
        )

    def _since(self, before: tuple[Snapshot, Compiled], at: datetime) -> list[ConfigChanged]:
        after = (self._snapshot, self._compiled)
        return differences(before, after, kinds=self._compiler.sections, at=at)
