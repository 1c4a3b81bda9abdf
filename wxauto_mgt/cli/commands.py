"""What a command line can say, one frozen class each. Owns no parsing and no running.

`arguments` makes them, `entry` and the command groups take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

STANDARD_STREAM: Final = Path("-")


@dataclass(frozen=True)
class ConfigCheck:
    """Tell what an import would do; store nothing."""

    file: Path
    replace: bool


@dataclass(frozen=True)
class ConfigImport:
    """Import a document in one transaction."""

    file: Path
    replace: bool


@dataclass(frozen=True)
class ConfigExport:
    """Write the configuration as a document."""

    file: Path
    format: Literal["yaml", "json"] | None
    with_secrets: bool


@dataclass(frozen=True)
class MessagesExport:
    """Write all messages, oldest first."""

    file: Path
    format: Literal["jsonl", "csv"]


@dataclass(frozen=True)
class Simulate:
    """Serve a stand-in WXAUTO-HTTP-API server."""

    port: int


@dataclass(frozen=True)
class ShowVersion:
    """Print the version."""


@dataclass(frozen=True)
class RunConsole:
    """Run the console itself."""

    headless: bool


@dataclass(frozen=True)
class Doctor:
    """Examine installation, data folder, network and console.

    Attributes:
        live: also try the running console.
    """

    live: bool


@dataclass(frozen=True)
class Completion:
    """Print the script that completes words in a shell."""

    shell: str


@dataclass(frozen=True)
class ShowStatus:
    """Show the listener service and the process."""


@dataclass(frozen=True)
class ShowHealth:
    """Show score, deductions and what they rest on.

    Attributes:
        watch: show it again and again.
        sample: have the console write it to a file.
    """

    watch: bool = False
    sample: bool = False


@dataclass(frozen=True)
class ShowErrors:
    """List the newest errors."""

    limit: int


@dataclass(frozen=True)
class ShowListeners:
    """List the listened chats."""


@dataclass(frozen=True)
class ShowServices:
    """List the monitored services."""


@dataclass(frozen=True)
class Repair:
    """Begin to repair a service.

    Attributes:
        dry_run: only tell what would be done.
        wait: until the repair ended.
    """

    service: str
    dry_run: bool = False
    wait: bool = False


@dataclass(frozen=True)
class Act:
    """Have the listener service do something; succeeds once that is proved."""

    action: Literal["restart", "pause", "resume"]


@dataclass(frozen=True)
class Reload:
    """Take over a configuration that another process stored."""


@dataclass(frozen=True)
class ShowAlerts:
    """List alerts: the active ones, or those of the last hours."""

    history_hours: float | None = None


@dataclass(frozen=True)
class MakeSilence:
    """Keep notices back for a while."""

    rule: str
    duration_s: float
    note: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EndSilence:
    """End a silence now."""

    silence_id: int


@dataclass(frozen=True)
class ShowSilences:
    """List the silences that have not ended."""


@dataclass(frozen=True)
class ShowLogs:
    """Show log records, oldest of them first.

    Attributes:
        follow: go on with each new one.
    """

    follow: bool
    count: int
    words: str = ""
    level: str | None = None
    category: str | None = None
    instance_id: str | None = None


@dataclass(frozen=True)
class ShowMetrics:
    """List the newest values, or the records of one metric."""

    name: str | None
    duration_s: float


@dataclass(frozen=True)
class CreateToken:
    """Make a token for the local HTTP API."""

    name: str
    scope: Literal["read", "operate", "admin"]
    expires_in_s: float | None


@dataclass(frozen=True)
class ListTokens:
    """List the tokens."""


@dataclass(frozen=True)
class RevokeToken:
    """Make a token useless."""

    name: str


ConfigCommand = ConfigCheck | ConfigImport | ConfigExport
LocalCommand = ConfigCommand | MessagesExport | Simulate | RunConsole | Doctor
SilenceCommand = MakeSilence | EndSilence | ShowSilences
TokenCommand = CreateToken | ListTokens | RevokeToken
ConsoleCommand = (
    ShowStatus
    | ShowHealth
    | ShowErrors
    | ShowListeners
    | ShowServices
    | Repair
    | Act
    | Reload
    | ShowAlerts
    | SilenceCommand
    | ShowLogs
    | ShowMetrics
    | TokenCommand
)
"""Commands that ask the running console."""

Command = LocalCommand | ConsoleCommand | ShowVersion | Completion
