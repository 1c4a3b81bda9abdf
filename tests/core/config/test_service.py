"""Edits change everything they say or nothing; history, rollback and other processes keep to that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.config.sections import (
    SAMPLE,
    ToyInstance,
    open_database,
    secret_box,
    toy_sections,
    toy_service,
)
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.config.model import Delete, Put
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import ConfigError, Fact
from wxauto_mgt.storage.database import Database


def _executing(statement: str, *params: str) -> Callable[[sqlite3.Connection], None]:
    def job(tx: sqlite3.Connection) -> None:
        tx.execute(statement, params)

    return job


def _reasons(error: ConfigError) -> list[tuple[str, str, str]]:
    return [(each.place, each.field, each.reason) for each in error.problems]


async def test_an_empty_store_has_the_defaults_of_every_group(service: ConfigService) -> None:
    assert service.snapshot.revision == 0
    assert service.snapshot.settings("listening").poll_interval_s == 1.0
    assert service.snapshot.objects("instance") == {}


async def test_an_edit_is_in_force_and_survives_a_restart(service: ConfigService, db: Database) -> None:
    document = {"id": "pc1", "base_url": "http://h", "api_key": "planted-key-value"}
    assert await service.apply([Put("instance", "pc1", document)], who="window") == 1
    expected = ToyInstance(id="pc1", base_url="http://h", api_key="planted-key-value")
    assert service.snapshot.objects("instance") == {"pc1": expected}
    again, _ = toy_service(db)
    await again.load()
    assert again.snapshot.objects("instance") == {"pc1": expected}
    assert again.snapshot.revision == 1


async def test_secrets_are_sealed_at_rest(filled: ConfigService, db: Database) -> None:
    folder = db.path.parent
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert b"sk-planted-secret" not in content
    assert b"key-of-pc1" not in content
    assert filled.snapshot.objects("platform")["ai"].config["api_key"] == "sk-planted-secret"


async def test_a_missing_or_null_secret_keeps_the_stored_one(filled: ConfigService) -> None:
    stored = await filled.document("instance", "pc1")
    assert stored is not None
    assert stored.document["api_key"] is None
    assert stored.has_secret == {"api_key"}
    await filled.apply([Put("instance", "pc1", {**stored.document, "name": "new"})], who="window")
    without = {name: value for name, value in stored.document.items() if name != "api_key"}
    await filled.apply([Put("instance", "pc1", {**without, "name": "newer"})], who="window")
    instance = filled.snapshot.objects("instance")["pc1"]
    assert (instance.name, instance.api_key) == ("newer", "key-of-pc1-abcdef")


async def test_a_variable_is_kept_as_written_and_expanded_in_force(db: Database) -> None:
    service, _ = toy_service(db, environment={"PC1_KEY": "from-environment"})
    await service.load()
    document = {"id": "pc1", "base_url": "http://h", "api_key": "${PC1_KEY}"}
    await service.apply([Put("instance", "pc1", document)], who="window")
    assert service.snapshot.objects("instance")["pc1"].api_key == "from-environment"
    exported = await service.export(with_secrets=False)
    assert exported["instances"] == [document]
    stored = await service.document("instance", "pc1")
    assert stored is not None
    assert stored.variables == {"api_key": "${PC1_KEY}"}
    assert not (db.path.parent / "secret.key").exists()


@pytest.mark.expects_log("out of force")
async def test_a_variable_that_is_gone_disables_only_its_object(db: Database) -> None:
    service, _ = toy_service(db, environment={"PC1_KEY": "from-environment"})
    await service.load()
    await service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
    document = {"id": "pc2", "base_url": "http://h", "api_key": "${PC1_KEY}"}
    await service.apply([Put("instance", "pc2", document)], who="window")
    again, _ = toy_service(db)
    await again.load()
    assert list(again.snapshot.objects("instance")) == ["pc1"]
    problem = again.snapshot.unreadable["instance", "pc2"]
    assert (problem.field, problem.reason, problem.params) == (
        "api_key",
        "variable_not_set",
        {"variable": "PC1_KEY"},
    )


async def test_a_bad_edit_stores_nothing_and_changes_nothing(filled: ConfigService) -> None:
    before, stored = filled.snapshot, await filled.export(with_secrets=True)
    good = Put("platform", "p2", {"id": "p2"})
    bad = Put("rule", "r2", {"id": "r2", "platforms": ["gone"]})
    with pytest.raises(ConfigError) as caught:
        await filled.apply([good, bad], who="window")
    assert _reasons(caught.value) == [("rule r2", "platforms.0", "bad_value")]
    assert filled.snapshot is before
    assert await filled.export(with_secrets=True) == stored
    assert [each.number for each in await filled.history()] == [1]


async def test_deleting_what_others_name_is_refused_naming_them(filled: ConfigService) -> None:
    with pytest.raises(ConfigError) as caught:
        await filled.apply([Delete("platform", "kw")], who="window")
    assert _reasons(caught.value) == [("rule r1", "platforms.0", "bad_value")]
    await filled.apply([Delete("rule", "r1"), Delete("platform", "kw")], who="window")
    assert list(filled.snapshot.objects("platform")) == ["ai"]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Delete("rule", "gone"), "unknown_object"),
        (Put("dragon", "d", {"id": "d"}), "unknown_kind"),
        (Put("settings", "dragons", {}), "unknown_group"),
        (Put("rule", "r2", {"id": "r3", "platforms": ["kw"]}), "id_differs"),
        (Put("rule", "r1", {"id": "r1", "platforms": ["kw"], "priority": "1"}), "expected_whole_number"),
        (Put("instance", "pc2", {"id": "pc2", "base_url": "http://h", "api_key": None}), "missing"),
        (Put("instance", "pc2", {"id": "pc2", "base_url": "http://h", "api_key": "\ud800"}), "bad_value"),
    ],
)
async def test_an_edit_that_makes_no_sense_is_refused(
    filled: ConfigService, edit: Put | Delete, reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await filled.apply([edit], who="window")
    assert [each.reason for each in caught.value.problems] == [reason]


async def test_an_edit_that_changes_nothing_makes_no_revision(filled: ConfigService) -> None:
    edits = [
        Put(
            "instance",
            "pc1",
            {"id": "pc1", "name": "本机", "base_url": "http://127.0.0.1:5000", "api_key": key},
        )
        for key in (None, "key-of-pc1-abcdef")
    ]
    for edit in edits:
        assert await filled.apply([edit], who="window") == 1
    assert len(await filled.history()) == 1


async def test_settings_are_merged_by_key_and_deleted_back_to_defaults(filled: ConfigService) -> None:
    await filled.apply([Put("settings", "listening", {"max_listeners_per_instance": 9})], who="window")
    listening = filled.snapshot.settings("listening")
    assert (listening.poll_interval_s, listening.max_listeners_per_instance) == (0.5, 9)
    await filled.apply([Delete("settings", "listening")], who="window")
    assert filled.snapshot.settings("listening").poll_interval_s == 1.0


async def test_environment_wins_over_settings_and_makes_them_read_only(db: Database) -> None:
    service, _ = toy_service(
        db, environment={"HEARTBEAT_ENABLED": "false", "HEARTBEAT_CHECK_INTERVAL": "5", "OTHER": "x"}
    )
    await service.load()
    await service.apply([Put("settings", "heartbeat", {"enabled": True})], who="window")
    heartbeat = service.snapshot.settings("heartbeat")
    assert (heartbeat.enabled, heartbeat.check_interval) == (False, 5.0)
    assert service.snapshot.read_only_settings == {
        ("heartbeat", "enabled"): "HEARTBEAT_ENABLED",
        ("heartbeat", "check_interval"): "HEARTBEAT_CHECK_INTERVAL",
    }


@pytest.mark.parametrize("value", ["soon", "-1", "nan"])
async def test_an_environment_variable_that_does_not_fit_is_refused_by_name(db: Database, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        toy_service(db, environment={"HEARTBEAT_CHECK_INTERVAL": value})
    problem = caught.value.problems[0]
    assert (problem.place, problem.field, problem.reason) == (
        "settings heartbeat",
        "check_interval",
        "bad_environment",
    )
    assert problem.params == {"variable": "HEARTBEAT_CHECK_INTERVAL"}


async def test_what_the_environment_decides_is_never_stored_or_exported(db: Database) -> None:
    service, _ = toy_service(db, environment={"HEARTBEAT_CHECK_INTERVAL": "5"})
    await service.load()
    assert (await service.export(with_secrets=False))["settings"] == {}
    await service.apply([Put("settings", "heartbeat", {"check_interval": 60.0})], who="window")
    shown = await service.document("settings", "heartbeat")
    assert shown is not None
    assert (shown.document, shown.locked_by) == (
        {"check_interval": 60.0},
        {"check_interval": "HEARTBEAT_CHECK_INTERVAL"},
    )
    assert (await service.export(with_secrets=False))["settings"] == {"heartbeat": {"check_interval": 60.0}}
    without, _ = toy_service(db)
    await without.load()
    assert without.snapshot.settings("heartbeat").check_interval == 60.0
    assert without.snapshot.locked_by("heartbeat") == {}


async def test_a_value_that_a_variable_hides_is_checked_all_the_same(db: Database) -> None:
    service, _ = toy_service(db, environment={"HEARTBEAT_CHECK_INTERVAL": "5"})
    await service.load()
    with pytest.raises(ConfigError) as caught:
        await service.apply([Put("settings", "heartbeat", {"check_interval": -1.0})], who="window")
    assert [problem.reason for problem in caught.value.problems] == ["not_above"]


async def test_a_secret_of_the_environment_is_in_force_known_to_redaction_and_stored_nowhere(
    db: Database, tmp_path: Path
) -> None:
    redactor = Redactor()
    service, _ = toy_service(
        db, environment={"TOY_TOKEN": "planted-token-1"}, secrets=secret_box(tmp_path, redactor)
    )
    await service.load()
    assert service.snapshot.settings("http").token.get_secret_value() == "planted-token-1"
    assert "planted-token-1" not in redactor.redact_text("it is planted-token-1")
    await service.apply([Put("settings", "http", {"port": 9})], who="window")
    shown = await service.document("settings", "http")
    assert shown is not None
    assert (shown.has_secret, dict(shown.locked_by)) == (frozenset(), {"token": "TOY_TOKEN"})
    assert (await service.export(with_secrets=True))["settings"] == {"http": {"port": 9}}


async def test_history_tells_who_when_and_what_without_secrets(db: Database, fake_clock: FakeClock) -> None:
    service, _ = toy_service(db, clock=fake_clock)
    await service.load()
    await service.import_document(SAMPLE, filename="s.yaml", replace=False, who="cli")
    await fake_clock.advance(60)
    document = {"id": "pc1", "base_url": "http://h", "api_key": "another-secret", "name": "x"}
    await service.apply([Put("instance", "pc1", document)], who="window")
    newest, oldest = await service.history()
    assert (newest.number, newest.who, newest.action, newest.at) == (2, "window", "edit", fake_clock.now())
    assert (oldest.who, oldest.action) == ("cli", "import")
    (change,) = newest.changes
    assert (change.kind, change.id) == ("instance", "pc1")
    assert change.changed_fields == ("api_key", "base_url", "name")
    assert change.before is not None
    assert change.before["api_key"] == "***"
    assert "secret" not in repr((newest, oldest))
    assert "v1:" not in repr((newest, oldest))
    assert [each.number for each in await service.history("rule")] == [1]
    assert [each.number for each in await service.history("instance", "pc1", limit=1)] == [2]
    assert await service.history("instance", "pc2") == []
    assert [each.number for each in await service.history(before=2)] == [1]


async def test_rollback_is_a_new_revision_with_the_old_secrets(filled: ConfigService) -> None:
    before = filled.snapshot.candidate
    changed = {"id": "pc1", "base_url": "http://h", "api_key": "another-secret"}
    await filled.apply([Put("instance", "pc1", changed), Delete("rule", "r1")], who="window")
    await filled.apply([Put("platform", "p3", {"id": "p3"})], who="window")
    told = [(each.kind, each.id) for each in await filled.diff(1)]
    assert sorted(told) == [("instance", "pc1"), ("platform", "p3"), ("rule", "r1")]
    assert await filled.rollback(1, who="window") == 4
    assert filled.snapshot.candidate == before
    assert await filled.diff(1) == []
    assert (await filled.history())[0].action == "rollback"
    assert await filled.rollback(0, who="window") == 5
    assert filled.snapshot.objects("instance") == {}


async def test_a_rollback_to_what_is_refused_today_changes_nothing(
    filled: ConfigService, db: Database
) -> None:
    await filled.apply([Delete("rule", "r1")], who="window")
    without_platforms = [each for each in toy_sections() if each.kind != "platform"]
    service, _ = toy_service(db, sections=without_platforms)
    await service.load()
    before = service.snapshot
    with pytest.raises(ConfigError):
        await service.rollback(1, who="window")
    with pytest.raises(ConfigError) as caught:
        await service.rollback(7, who="window")
    assert caught.value.problems[0].reason == "unknown_revision"
    assert service.snapshot is before


async def test_history_and_audit_log_cannot_be_changed(filled: ConfigService, db: Database) -> None:
    for table, column in (("audit", "who"), ("config_revision", "who"), ("config_change", "after")):
        for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError):
                await db.run(_executing(statement))
    assert len(await filled.history()) == 1


async def test_the_audit_log_keeps_edits_and_other_acts_without_secrets(
    db: Database, fake_clock: FakeClock
) -> None:
    redactor = Redactor()
    service, _ = toy_service(db, clock=fake_clock, secrets=secret_box(db.path.parent, redactor))
    await service.load()
    await service.import_document(SAMPLE, filename="s.yaml", replace=False, who="cli")
    log = AuditLog(db=db, clock=fake_clock, redactor=redactor)
    facts: dict[str, Fact] = {"password": "hunter2", "note": "used sk-planted-secret here", "count": 3}
    await log.audit("window", "service.restart", "service main", facts)
    restart, edit = await log.entries()
    assert (edit.who, edit.action, edit.params["revision"]) == ("cli", "config.import", 1)
    assert (restart.who, restart.action, restart.target) == ("window", "service.restart", "service main")
    assert restart.params == {"password": "***", "note": "used *** here", "count": 3}
    assert [each.number for each in await log.entries(before=restart.number)] == [edit.number]


async def test_import_tells_what_it_changed_and_a_dry_run_stores_nothing(filled: ConfigService) -> None:
    text = "rules:\n  - {id: r1, platforms: [ai]}\n  - {id: r2, platforms: [kw]}\n"
    for dry_run in (True, False):
        result = await filled.import_document(
            text, filename="r.yaml", replace=True, who="cli", dry_run=dry_run
        )
        assert result.added == ("rule r2",)
        assert result.updated == ("rule r1",)
        assert result.removed == ()
        assert result.revision == (1 if dry_run else 2)
    text = "rules:\n  - {id: r2, platforms: [kw]}\n"
    result = await filled.import_document(text, filename="r.yaml", replace=False, who="cli")
    assert (result.removed, result.unchanged) == ((), ("rule r2",))
    result = await filled.import_document(text, filename="r.yaml", replace=True, who="cli")
    assert result.removed == ("rule r1",)
    assert list(filled.snapshot.objects("platform")) == ["kw", "ai"]


async def test_replacing_settings_resets_what_the_document_leaves_out(filled: ConfigService) -> None:
    text = "settings: {listening: {max_listeners_per_instance: 5}}"
    await filled.import_document(text, filename="s.yaml", replace=True, who="cli")
    assert filled.snapshot.settings("listening").poll_interval_s == 1.0


async def test_a_dry_run_makes_no_key(service: ConfigService, db: Database) -> None:
    await service.import_document(SAMPLE, filename="s.yaml", replace=False, who="cli", dry_run=True)
    assert not (db.path.parent / "secret.key").exists()


async def test_two_writers_on_one_database_lose_no_edit(filled: ConfigService, db: Database) -> None:
    async with open_database(db.path.parent) as other_db:
        other, _ = toy_service(other_db)
        await other.load()
        async with asyncio.TaskGroup() as group:
            for n in range(5):
                group.create_task(filled.apply([Put("platform", f"a{n}", {"id": f"a{n}"})], who="one"))
                group.create_task(other.apply([Put("platform", f"b{n}", {"id": f"b{n}"})], who="two"))
        await filled.refresh()
        await other.refresh()
        assert filled.snapshot.revision == 11
        assert len(filled.snapshot.objects("platform")) == 12
        assert filled.snapshot.candidate == other.snapshot.candidate


async def test_an_edit_on_an_outdated_view_is_checked_against_what_is_stored(
    filled: ConfigService, db: Database
) -> None:
    async with open_database(db.path.parent) as other_db:
        other, _ = toy_service(other_db)
        await other.load()
        await other.apply([Delete("rule", "r1"), Delete("platform", "kw")], who="two")
        with pytest.raises(ConfigError):
            await filled.apply([Put("rule", "r2", {"id": "r2", "platforms": ["kw"]})], who="one")
        assert list(filled.snapshot.objects("platform")) == ["ai"]


async def test_an_edit_may_name_what_another_process_has_just_added(
    filled: ConfigService, db: Database
) -> None:
    async with open_database(db.path.parent) as other_db:
        other, _ = toy_service(other_db)
        await other.load()
        await other.apply([Put("platform", "new", {"id": "new"})], who="two")
        await filled.apply([Put("rule", "r2", {"id": "r2", "platforms": ["new"]})], who="one")
        assert list(filled.snapshot.objects("rule")) == ["r1", "r2"]


async def test_a_cancelled_edit_that_was_committed_is_caught_up_with(
    db: Database, fake_clock: FakeClock
) -> None:
    service, notifier = toy_service(db, clock=fake_clock)
    await service.load()
    seen: list[ConfigChanged] = []
    notifier.subscribe(seen.append)
    edit = asyncio.ensure_future(service.apply([Put("platform", "p", {"id": "p"})], who="window"))
    while not await db.fetch_all("SELECT 1 FROM config_object"):
        edit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await edit
    watch = asyncio.ensure_future(service.watch(lambda: None))
    try:
        await eventually(lambda: seen)
    finally:
        watch.cancel()
    assert [each.type for each in seen] == [ConfigChangeType.PLATFORM_ADDED]
    assert list(service.snapshot.objects("platform")) == ["p"]


@pytest.mark.expects_log("out of force")
async def test_a_stored_document_that_today_is_refused_is_out_of_force_alone(
    filled: ConfigService, db: Database
) -> None:
    broken = '{"id": "r1", "platforms": ["kw"], "field_of_a_later_version": 1}'
    await db.run(
        lambda tx: tx.execute("UPDATE config_object SET document = ? WHERE kind = 'rule'", (broken,))
    )
    again, _ = toy_service(db)
    await again.load()
    assert again.snapshot.objects("rule") == {}
    assert again.snapshot.unreadable["rule", "r1"].reason == "unknown_key"
    assert list(again.snapshot.objects("platform")) == ["kw", "ai"]
    await again.apply([Put("platform", "p3", {"id": "p3"})], who="window")
    await again.apply([Put("rule", "r1", {"id": "r1", "platforms": ["kw"]})], who="window")
    assert list(again.snapshot.objects("rule")) == ["r1"]
    assert again.snapshot.unreadable == {}


async def test_a_key_that_another_process_made_is_found(db: Database) -> None:
    async with open_database(db.path.parent) as other_db:
        ai = Put("platform", "ai", {"id": "ai", "config": {"api_key": "a-new-secret"}})
        first, _ = toy_service(db)
        second, _ = toy_service(other_db)
        await first.load()
        await second.load()
        await second.import_document(SAMPLE, filename="s.yaml", replace=False, who="cli")
        await first.refresh()
        assert first.snapshot.unreadable == {}
        await first.apply([ai], who="window")
        await second.refresh()
        assert second.snapshot.objects("platform")["ai"].config["api_key"] == "a-new-secret"
