"""Words of a command line become the command and options that they say, or a usage error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wxauto_mgt.cli.arguments import parse
from wxauto_mgt.cli.commands import (
    STANDARD_STREAM,
    Act,
    Command,
    Completion,
    ConfigCheck,
    ConfigExport,
    ConfigImport,
    CreateToken,
    Doctor,
    EndSilence,
    ListTokens,
    MakeSilence,
    MessagesExport,
    Reload,
    Repair,
    RevokeToken,
    RunConsole,
    ShowAlerts,
    ShowErrors,
    ShowHealth,
    ShowListeners,
    ShowLogs,
    ShowMetrics,
    ShowServices,
    ShowSilences,
    ShowStatus,
    ShowVersion,
    Simulate,
)
from wxauto_mgt.cli.parsers import UsageError
from wxauto_mgt.cli.usage import in_words
from wxauto_mgt.run_options import RunOptions
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

CATALOGUE = Catalogue(Language.EN)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("", RunConsole(headless=False)),
        ("--headless", RunConsole(headless=True)),
        ("--version", ShowVersion()),
        ("config check", ConfigCheck(STANDARD_STREAM, replace=False)),
        ("config check -", ConfigCheck(STANDARD_STREAM, replace=False)),
        ("config check a.yaml --replace", ConfigCheck(Path("a.yaml"), replace=True)),
        ("config import a.yaml", ConfigImport(Path("a.yaml"), replace=False)),
        ("config import --replace a.yaml", ConfigImport(Path("a.yaml"), replace=True)),
        ("config export", ConfigExport(STANDARD_STREAM, None, with_secrets=False)),
        (
            "config export a.json --format yaml --with-secrets",
            ConfigExport(Path("a.json"), "yaml", with_secrets=True),
        ),
        ("messages export", MessagesExport(STANDARD_STREAM, "jsonl")),
        ("messages export --format csv", MessagesExport(STANDARD_STREAM, "csv")),
        ("simulate --port 5001", Simulate(5001)),
        ("completion zsh", Completion("zsh")),
        ("status", ShowStatus()),
        ("health", ShowHealth()),
        ("health --watch", ShowHealth(watch=True)),
        ("health --sample", ShowHealth(sample=True)),
        ("errors", ShowErrors(20)),
        ("errors -n 3", ShowErrors(3)),
        ("listeners", ShowListeners()),
        ("services", ShowServices()),
        ("repair tts", Repair("tts")),
        ("repair tts --dry-run", Repair("tts", dry_run=True)),
        ("repair --wait tts", Repair("tts", wait=True)),
        ("doctor", Doctor(live=False)),
        ("doctor --live", Doctor(live=True)),
        ("token create bot", CreateToken("bot", "read", None)),
        ("token create bot --scope admin --expires 30d", CreateToken("bot", "admin", 2_592_000)),
        ("token list", ListTokens()),
        ("token revoke bot", RevokeToken("bot")),
        ("restart", Act("restart")),
        ("pause", Act("pause")),
        ("resume", Act("resume")),
        ("reload", Reload()),
        ("alerts", ShowAlerts()),
        ("alerts --history", ShowAlerts(24)),
        ("alerts --history 2.5", ShowAlerts(2.5)),
        ("silence", MakeSilence("*", 3600, "")),
        (
            "silence high_cpu_usage --for 15m --note maintenance --label host=a --label port=1",
            MakeSilence("high_cpu_usage", 900, "maintenance", {"host": "a", "port": "1"}),
        ),
        ("silence --list", ShowSilences()),
        ("silence --end 3", EndSilence(3)),
        ("logs", ShowLogs(follow=False, count=50)),
        ("logs -f -n 5", ShowLogs(follow=True, count=5)),
        (
            "logs poll failed --level ERROR --category HEALTH --instance pc1",
            ShowLogs(False, 50, "poll failed", "ERROR", "HEALTH", "pc1"),
        ),
        ("metrics", ShowMetrics(None, 3600)),
        ("metrics health_score --since 2d", ShowMetrics("health_score", 172_800)),
    ],
)
def test_a_command_line_is_understood(words: str, command: Command) -> None:
    assert parse(words.split(), CATALOGUE).command == command


@pytest.mark.parametrize(
    "words",
    [
        "--data-dir D config export",
        "config export --data-dir D",
        "config export --data-dir=D",
        "--data-dir X config export --data-dir D",
        "messages export --data-dir D",
        "--data-dir D messages export --format csv",
        "simulate --data-dir D",
        "--headless --data-dir D",
    ],
)
def test_the_data_folder_may_stand_before_or_after_a_command(words: str) -> None:
    assert parse(words.split(), CATALOGUE).options == RunOptions(data_dir=Path("D"))


def test_options_of_a_run_are_understood() -> None:
    words = "--headless --demo --data-dir D --duration 2.5 --report r.json --debug"
    assert parse(words.split(), CATALOGUE).options == RunOptions(
        data_dir=Path("D"), demo=True, duration_s=2.5, report=Path("r.json"), debug=True
    )


@pytest.mark.parametrize("words", ["--json config check", "config check --json"])
def test_json_may_stand_before_or_after_a_command(words: str) -> None:
    assert parse(words.split(), CATALOGUE).as_json


@pytest.mark.parametrize(
    "words",
    [
        "--headles",
        "--head",
        "fly",
        "config",
        "config fly",
        "config export --format xml",
        "messages",
        "messages export --format xml",
        "simulate --port x",
        "simulate --port 65536",
        "--duration 0 --headless",
        "--duration -1",
        "--duration nan",
        "--duration inf",
        "--duration soon",
        "--duration",
        "config import a b",
        "completion fish",
        "token",
        "token create",
        "token create bot --scope all",
        "token revoke",
        "repair",
        "repair tts --wait --dry-run",
        "health --watch --sample",
        "errors -n 0",
        "errors -n 1001",
        "silence --for soon",
        "silence --for 0",
        "silence --for 5w",
        "silence --label host",
        "silence --list --end 3",
        "silence --end x",
        "logs --level loud",
        "logs --category ALL",
        "metrics --since -1",
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words.split(), CATALOGUE)
    # Argparse's English must not stand in a Chinese sentence.
    assert not re.search(
        "argument|invalid|require|allowed", in_words(caught.value.detail, Catalogue(Language.ZH_CN))
    )


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "config --help",
        "config import --help",
        "messages export -h",
        "silence -h",
        "logs -h",
        "metrics -h",
    ],
)
def test_help_is_in_words_of_the_catalogue(
    words: str, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(words.split(), Catalogue(language))
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "cli.h" not in shown
    if language is Language.ZH_CN:
        assert not re.search("usage|argument|options|exit", shown)
