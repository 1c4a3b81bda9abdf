"""Words of a command line become the command and options that they say, or a usage error."""

from __future__ import annotations

from pathlib import Path

import pytest

from wxauto_mgt.cli.arguments import (
    STANDARD_STREAM,
    Command,
    ConfigCheck,
    ConfigExport,
    ConfigImport,
    MessagesExport,
    RunConsole,
    ShowVersion,
    Simulate,
    UsageError,
    parse,
)
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
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: str) -> None:
    with pytest.raises(UsageError):
        parse(words.split(), CATALOGUE)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("words", ["--help", "config --help", "config import --help", "messages export -h"])
def test_help_is_in_words_of_the_catalogue(
    words: str, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(words.split(), Catalogue(language))
    assert caught.value.code == 0
    assert "cli.help" not in capsys.readouterr().out
