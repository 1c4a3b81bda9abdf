"""Without its key a secret says "enter again"; only its object is out of force; no key is made beside it."""

from __future__ import annotations

import pytest

from tests.core.config.sections import toy_service
from wxauto_mgt.core.config.model import Delete, Put
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.errors import ConfigError, SecretUnreadable
from wxauto_mgt.storage.database import Database

AI = Put("platform", "ai", {"id": "ai", "config": {"model": "m", "api_key": "a-new-secret"}})
PC1 = Put("instance", "pc1", {"id": "pc1", "base_url": "http://h", "api_key": "a-new-key-of-pc1"})


@pytest.fixture
async def keyless(filled: ConfigService, db: Database) -> ConfigService:
    """A service on the sample, started after `secret.key` was lost."""
    (db.path.parent / "secret.key").rename(db.path.parent / "kept-elsewhere")
    service, _ = toy_service(db)
    await service.load()
    return service


pytestmark = pytest.mark.expects_log("out of force")


async def test_only_the_objects_with_sealed_secrets_are_out_of_force(
    keyless: ConfigService, db: Database
) -> None:
    assert list(keyless.snapshot.objects("platform")) == ["kw"]
    assert list(keyless.snapshot.objects("instance")) == []
    assert list(keyless.snapshot.objects("rule")) == ["r1"]
    reasons = {key: problem.reason for key, problem in keyless.snapshot.unreadable.items()}
    assert reasons == {("instance", "pc1"): "secret_enter_again", ("platform", "ai"): "secret_enter_again"}
    stored = await keyless.document("platform", "ai")
    assert stored is not None
    assert stored.unreadable is not None
    assert not (db.path.parent / "secret.key").exists()


async def test_the_rest_can_still_be_edited(keyless: ConfigService, db: Database) -> None:
    await keyless.apply([Put("rule", "r2", {"id": "r2", "platforms": ["ai"]})], who="window")
    await keyless.apply([Put("platform", "p3", {"id": "p3"})], who="window")
    assert list(keyless.snapshot.objects("rule")) == ["r1", "r2"]
    assert not (db.path.parent / "secret.key").exists()


async def test_an_edit_that_does_not_enter_the_secret_again_is_refused(keyless: ConfigService) -> None:
    edit = Put("platform", "ai", {"id": "ai", "config": {"model": "other"}})
    with pytest.raises(ConfigError) as caught:
        await keyless.apply([edit], who="window")
    problem = caught.value.problems[0]
    assert (problem.place, problem.field, problem.reason) == (
        "platform ai",
        "config.api_key",
        "secret_enter_again",
    )


async def test_no_key_is_made_beside_values_of_the_lost_one(keyless: ConfigService, db: Database) -> None:
    with pytest.raises(ConfigError) as caught:
        await keyless.apply([AI], who="window")
    assert [(each.place, each.reason) for each in caught.value.problems] == [
        ("instance pc1", "secret_key_missing")
    ]
    assert not (db.path.parent / "secret.key").exists()


async def test_entering_all_lost_secrets_together_makes_a_new_key(
    keyless: ConfigService, db: Database
) -> None:
    await keyless.apply([AI, PC1], who="window")
    assert keyless.snapshot.unreadable == {}
    assert (db.path.parent / "secret.key").exists()
    assert keyless.snapshot.objects("platform")["ai"].config["api_key"] == "a-new-secret"


async def test_removing_the_other_object_also_makes_room_for_a_new_key(keyless: ConfigService) -> None:
    await keyless.apply([AI, Delete("instance", "pc1")], who="window")
    assert keyless.snapshot.unreadable == {}


async def test_forgetting_the_lost_secrets_lets_them_be_entered_one_by_one(keyless: ConfigService) -> None:
    await keyless.forget_lost_secrets(who="window")
    assert keyless.snapshot.unreadable["instance", "pc1"].reason == "missing"
    await keyless.apply([AI], who="window")
    await keyless.apply([PC1], who="window")
    assert keyless.snapshot.unreadable == {}
    assert (await keyless.history())[2].action == "forget_lost_secrets"


async def test_a_key_file_put_back_opens_everything(keyless: ConfigService, db: Database) -> None:
    (db.path.parent / "kept-elsewhere").rename(db.path.parent / "secret.key")
    assert await keyless.reload()
    assert keyless.snapshot.unreadable == {}
    assert keyless.snapshot.objects("platform")["ai"].config["api_key"] == "sk-planted-secret"


async def test_a_key_file_put_back_is_found_when_a_secret_is_entered(
    keyless: ConfigService, db: Database
) -> None:
    (db.path.parent / "kept-elsewhere").rename(db.path.parent / "secret.key")
    await keyless.apply([AI], who="window")
    await keyless.reload()
    assert keyless.snapshot.unreadable == {}


async def test_an_export_with_secrets_that_cannot_be_opened_is_no_silent_half(keyless: ConfigService) -> None:
    with pytest.raises(SecretUnreadable):
        await keyless.export(with_secrets=True)
    exported = await keyless.export(with_secrets=False)
    assert exported["platforms"] == [
        {"id": "kw", "type": "keyword", "config": {"replies": ["您好"]}},
        {"id": "ai", "config": {"model": "m"}},
    ]
