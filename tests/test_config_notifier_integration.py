"""The notifier from end to end: edits of each kind, refusals, subscribers, and a second process that edits.

Runs under pytest and as a plain script: `python tests/test_config_notifier_integration.py`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.core.config.sections import SAMPLE, ToyInstance, ToyListening, open_database, toy_service
from tests.waiting import eventually
from wxauto_mgt.core.config.model import Delete, Edit, Put
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.config.service import WATCH_INTERVAL_S, ConfigService
from wxauto_mgt.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
# The promise is half a second: two rounds of the watch loop. What is measured gets room for a busy machine.
PROMISED_S = 0.5
DEADLINE_S = 5.0

IMPORT_IN_ANOTHER_PROCESS = """
import asyncio, sys, time
from pathlib import Path
from tests.core.config.sections import open_database, toy_service

async def main() -> None:
    async with open_database(Path(sys.argv[1])) as db:
        service, _ = toy_service(db)
        await service.load()
        await service.import_document(sys.argv[2], filename="x.yaml", replace=True, who="cli")
        print(time.time(), flush=True)

asyncio.run(main())
"""


class Watched:
    """A service on a folder of its own, and everything that its notifier told."""

    def __init__(self, service: ConfigService, notifier: ConfigNotifier, folder: Path) -> None:
        self.service = service
        self.notifier = notifier
        self.folder = folder
        self.seen: list[ConfigChanged] = []
        notifier.subscribe(self.seen.append)

    def types(self) -> list[tuple[ConfigChangeType, str]]:
        """Return and forget what was told."""
        told = [(each.type, each.id) for each in self.seen]
        self.seen.clear()
        return told


@asynccontextmanager
async def watched_service() -> AsyncIterator[Watched]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder)) as db:
            service, notifier = toy_service(db)
            await service.load()
            yield Watched(service, notifier, Path(folder))


async def test_an_import_tells_of_each_object_once() -> None:
    async with watched_service() as watched:
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        assert watched.types() == [
            (ConfigChangeType.INSTANCE_ADDED, "pc1"),
            (ConfigChangeType.LISTENER_ADDED, "pc1/张三"),
            (ConfigChangeType.PLATFORM_ADDED, "kw"),
            (ConfigChangeType.PLATFORM_ADDED, "ai"),
            (ConfigChangeType.RULE_ADDED, "r1"),
            (ConfigChangeType.SETTINGS_UPDATED, "listening"),
        ]


EDITS = {
    "instance": Put("instance", "pc1", {"id": "pc1", "base_url": "http://other"}),
    "platform": Put("platform", "kw", {"id": "kw", "type": "other"}),
    "rule": Put("rule", "r1", {"id": "r1", "platforms": ["ai"]}),
}


async def test_each_kind_of_edit_has_its_type() -> None:
    async with watched_service() as watched:
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        watched.types()
        for kind, edit in EDITS.items():
            await watched.service.apply([edit], who="test")
            assert watched.types() == [(ConfigChangeType(f"{kind}_updated"), edit.id)]
        await watched.service.apply([Put("settings", "heartbeat", {"enabled": False})], who="test")
        assert watched.types() == [(ConfigChangeType.SETTINGS_UPDATED, "heartbeat")]
        for kind, object_id in (
            ("rule", "r1"),
            ("platform", "ai"),
            ("listener", "pc1/张三"),
            ("instance", "pc1"),
        ):
            await watched.service.apply([Delete(kind, object_id)], who="test")
            assert watched.types() == [(ConfigChangeType(f"{kind}_removed"), object_id)]
        await watched.service.apply([Delete("settings", "listening")], who="test")
        assert watched.types() == [(ConfigChangeType.SETTINGS_UPDATED, "listening")]


async def test_a_change_carries_before_after_revision_and_time() -> None:
    async with watched_service() as watched:
        service = watched.service
        await service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        before = service.snapshot.objects("instance")["pc1"]
        watched.types()
        await service.apply([EDITS["instance"]], who="test")
        (change,) = watched.seen
        after = ToyInstance(id="pc1", base_url="http://other", api_key="key-of-pc1-abcdef")
        assert (change.kind, change.id, change.before, change.after) == ("instance", "pc1", before, after)
        assert change.revision == service.snapshot.revision == 2
        assert change.at == (await service.history())[0].at
        assert change.at.utcoffset() is not None
        assert isinstance(change.after, ToyInstance)
        with pytest.raises(ValidationError):
            setattr(change.after, "name", "x")  # noqa: B010 - mypy knows that it is read-only


async def test_the_new_configuration_is_in_force_when_subscribers_are_told() -> None:
    async with watched_service() as watched:
        found: list[object] = []
        watched.notifier.subscribe(lambda each: found.append(watched.service.snapshot.settings("listening")))
        await watched.service.apply([Put("settings", "listening", {"poll_interval_s": 0.2})], who="test")
        assert found == [ToyListening(poll_interval_s=0.2)]


async def test_a_refused_edit_tells_nobody() -> None:
    async with watched_service() as watched:
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        watched.types()
        refused: list[Edit] = [Put("platform", "p2", {"id": "p2"}), Delete("platform", "kw")]
        with pytest.raises(ConfigError):
            await watched.service.apply(refused, who="test")
        with pytest.raises(ConfigError):
            await watched.service.import_document(
                "rules: [{id: 1}]", filename="s.yaml", replace=False, who="test"
            )
        await watched.service.import_document(
            SAMPLE, filename="s.yaml", replace=False, who="test", dry_run=True
        )
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=True, who="test")
        assert watched.types() == []


async def test_rollback_tells_what_it_undoes() -> None:
    async with watched_service() as watched:
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        await watched.service.apply([Delete("rule", "r1"), EDITS["instance"]], who="test")
        await watched.service.apply([Put("platform", "p3", {"id": "p3"})], who="test")
        watched.types()
        await watched.service.rollback(1, who="test")
        assert watched.types() == [
            (ConfigChangeType.INSTANCE_UPDATED, "pc1"),
            (ConfigChangeType.PLATFORM_REMOVED, "p3"),
            (ConfigChangeType.RULE_ADDED, "r1"),
        ]


async def test_reload_announces_itself_even_without_changes() -> None:
    async with watched_service() as watched:
        assert not await watched.service.reload()
        assert watched.types() == [(ConfigChangeType.RELOADED, "")]


async def test_a_subscriber_gets_the_kinds_it_asked_for_until_it_leaves() -> None:
    async with watched_service() as watched:
        rules: list[ConfigChanged] = []
        unsubscribe = watched.notifier.subscribe(rules.append, kinds=["rule"])
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        assert [each.id for each in rules] == ["r1"]
        unsubscribe()
        unsubscribe()
        await watched.service.apply([EDITS["rule"]], who="test")
        assert len(rules) == 1
        assert watched.types()[-1] == (ConfigChangeType.RULE_UPDATED, "r1")


@pytest.mark.expects_log("a subscriber failed")
async def test_a_failing_subscriber_keeps_nobody_from_the_change() -> None:
    async with watched_service() as watched:
        later: list[ConfigChanged] = []

        def fail(_change: ConfigChanged) -> None:
            raise RuntimeError("broken subscriber")

        watched.notifier.subscribe(fail)
        watched.notifier.subscribe(later.append)
        revision = await watched.service.apply([Put("platform", "p", {"id": "p"})], who="test")
        assert revision == watched.service.snapshot.revision == 1
        assert [each.id for each in later] == ["p"]


async def test_a_subscriber_may_leave_while_it_is_told() -> None:
    async with watched_service() as watched:
        heard: list[str] = []

        def once(change: ConfigChanged) -> None:
            heard.append(change.id)
            leave()

        leave = watched.notifier.subscribe(once)
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        assert heard == ["pc1"]


async def test_an_edit_of_another_process_is_told_within_half_a_second() -> None:
    async with watched_service() as watched:
        await watched.service.import_document(SAMPLE, filename="s.yaml", replace=False, who="test")
        watched.types()
        beats: list[None] = []
        arrived: list[float] = []
        watched.notifier.subscribe(lambda _change: arrived.append(time.time()))
        watch = asyncio.ensure_future(watched.service.watch(lambda: beats.append(None)))
        try:
            await eventually(lambda: len(beats) > 1)
            committed_at = await _import_elsewhere(
                watched.folder,
                "rules: [{id: r9, platforms: [ai]}]\ninstances: [{id: pc1, base_url: 'http://h'}]\n",
            )
            await eventually(lambda: len(watched.seen) >= 3, timeout_s=DEADLINE_S)
        finally:
            watch.cancel()
        assert watched.types() == [
            (ConfigChangeType.INSTANCE_UPDATED, "pc1"),
            (ConfigChangeType.RULE_REMOVED, "r1"),
            (ConfigChangeType.RULE_ADDED, "r9"),
        ]
        assert 2 * WATCH_INTERVAL_S <= PROMISED_S
        assert arrived[0] - committed_at < DEADLINE_S
        snapshot = watched.service.snapshot
        assert snapshot.revision == 2
        assert list(snapshot.objects("rule")) == ["r9"]
        assert snapshot.objects("instance")["pc1"].api_key == "key-of-pc1-abcdef"
        assert (await watched.service.history())[0].who == "cli"


async def _import_elsewhere(folder: Path, text: str) -> float:
    """Import in a real second process; return the wall clock right after its commit."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        IMPORT_IN_ANOTHER_PROCESS,
        str(folder),
        text,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return float(output)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
