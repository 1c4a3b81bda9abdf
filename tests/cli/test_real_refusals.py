"""The product's own sections: what an operator gets wrong is refused in one line, and nothing changes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from wxauto_mgt import app
from wxauto_mgt.cli.commands import ConfigImport
from wxauto_mgt.cli.config_commands import ConfigCommands
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

DOCUMENT = """\
instances:
  - {id: pc1, name: 本机, base_url: "http://127.0.0.1:5000", api_key: "planted-key-of-pc1", enabled: true, rate_limit_per_minute: 100}
listeners:
  - {instance: pc1, who: 张三, kind: fixed}
platforms:
  - {id: kw, name: 关键词, type: keyword, config: {rules: [{keywords: [你好], match_type: contains, replies: [您好], random: false, min_reply_time: 0, max_reply_time: 0}]}}
  - {id: ai, name: AI, type: openai, config: {base_url: "http://127.0.0.1:9000/v1", api_key: "planted-key-of-ai", model: m}}
rules:
  - {id: r1, name: 全部, enabled: true, instance: "*", chat: "*", platforms: [kw], priority: 10, only_at: false, at_names: []}
channels: []
alert_rules: []
settings: {listening: {poll_interval_s: 1}}
"""  # noqa: E501 - as people find it in the manual

MANY_LISTENERS = "listeners:\n" + "".join(
    f"  - {{instance: pc1, who: chat {n}, kind: fixed}}\n" for n in range(30)
)

# what is wrong, the document, how the line begins
REFUSED = {
    "unknown key": ("rules: [{id: r2, piority: 1, platforms: [kw]}]", "line 1, rules[0] r2 piority: "),
    "wrong type": ("rules: [{id: r2, priority: high, platforms: [kw]}]", "line 1, rules[0] r2 priority: "),
    "missing platform": ("rules:\n  - {id: r2, platforms: [gone]}", "line 2, rules[0] r2 platforms.0: "),
    "missing instance": (
        "rules: [{id: r2, instance: gone, platforms: [kw]}]",
        "line 1, rules[0] r2 instance: ",
    ),
    "no scheme": (
        "instances: [{id: p, base_url: '10.0.0.1:5000', api_key: k}]",
        "line 1, instances[0] p base_url: ",
    ),
    "file address": (
        "instances: [{id: p, base_url: 'file:///etc', api_key: k}]",
        "line 1, instances[0] p base_url: ",
    ),
    "refused regex": (
        "rules: [{id: r2, chat: 'regex:(?=a)', platforms: [kw]}]",
        "line 1, rules[0] r2 chat: ",
    ),
    "broken regex": ("rules: [{id: r2, chat: 'regex:((', platforms: [kw]}]", "line 1, rules[0] r2 chat: "),
    "duplicate id": (
        "rules:\n  - {id: r2, platforms: [kw]}\n  - {id: r2, platforms: [kw]}",
        "line 3, rules[1] r2 id: ",
    ),
    "malformed id": ("rules: [{id: 'R 2', platforms: [kw]}]", "line 1, rules[0] R 2 id: "),
    "a flag for an id": ("rules: [{id: no, platforms: [kw]}]", "line 1, rules[0] id: "),
    "a number for a chat": (
        "listeners: [{instance: pc1, who: 123, kind: fixed}]",
        "line 1, listeners[0] who: ",
    ),
    "too many fixed listeners": (MANY_LISTENERS, "line 31, listeners[29] pc1:chat 29: "),
    "unknown platform type": (
        "platforms: [{id: x, type: dragon, config: {}}]",
        "line 1, platforms[0] x type: ",
    ),
    "unknown field of a platform": (
        """platforms:
  - id: ai
    type: openai
    config:
      base_url: http://h
      model: m
      modle: m""",
        "line 7, platforms[0] ai config.modle: ",
    ),
    "setting out of range": (
        "settings:\n  listening:\n    poll_interval_s: 0",
        "line 3, settings listening poll_interval_s: ",
    ),
    "a platform that rules name": ("platforms: []", "rule r1 platforms.0: "),
}


@pytest.fixture
async def service(db: Database) -> tuple[ConfigService, list[ConfigChanged]]:
    """The real sections on a database that holds the manual's document."""
    notifier, told = ConfigNotifier(), list[ConfigChanged]()
    service = ConfigService(
        db=db,
        sections=app.config_sections(app.load_plugins()),
        settings_groups=app.settings_groups(),
        secrets=app.secret_box(db.path.parent, Redactor()),
        notifier=notifier,
        clock=SystemClock(),
        environment={},
    )
    await service.load()
    await service.import_document(DOCUMENT, filename="manual.yaml", replace=False, who="test")
    notifier.subscribe(told.append)
    return service, told


@pytest.mark.parametrize(("text", "start"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_wrong_is_refused_in_one_line_and_changes_nothing(
    service: tuple[ConfigService, list[ConfigChanged]], text: str, start: str
) -> None:
    config, told = service
    before, stored = config.snapshot, await config.export(with_secrets=True)
    with pytest.raises(ConfigError) as caught:
        await config.import_document(text, filename="bad.yaml", replace=text == "platforms: []", who="test")
    (problem,) = caught.value.problems
    folders = app.load_plugins().text_folders()
    for language in Language:
        line = Catalogue(language, extra_folders=folders).problem(problem)
        assert "problem." not in line
        assert "\n" not in line
        assert language is not Language.EN or line.startswith(start), line
    assert config.snapshot is before
    assert await config.export(with_secrets=True) == stored
    assert told == []


async def test_the_manuals_document_is_its_own_export(
    service: tuple[ConfigService, list[ConfigChanged]],
) -> None:
    config, _ = service
    result = await config.import_document(DOCUMENT, filename="manual.yaml", replace=True, who="test")
    assert not result.is_change
    assert "planted" not in str(await config.export(with_secrets=False))


async def test_a_refused_import_of_the_command_line_leaves_the_console_as_it_was(
    service: tuple[ConfigService, list[ConfigChanged]], db: Database, tmp_path: Path
) -> None:
    config, told = service
    err = io.StringIO()
    terminal = Terminal(out=io.StringIO(), err=err, catalogue=Catalogue(Language.EN))
    commands = ConfigCommands(
        data_dir=db.path.parent,
        sections=app.config_sections(app.load_plugins()),
        settings_groups=app.settings_groups(),
        secret_box=app.secret_box,
        environment={},
        terminal=terminal,
    )
    file = tmp_path / "bad.yaml"
    file.write_text(REFUSED["missing platform"][0])
    with pytest.raises(ConfigError) as caught:
        await commands.import_(ConfigImport(file, replace=False))
    assert terminal.fail(caught.value) == ExitStatus.USAGE
    assert len(err.getvalue().splitlines()) == 1
    assert not await config.refresh()
    assert told == []
