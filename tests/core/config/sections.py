"""Small sections and a service for the tests of configuration: the real ones belong to higher slices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import Field, JsonValue, SecretStr, field_validator

from wxauto_mgt.core.config.model import (
    Candidate,
    ConfigModel,
    ConfigSection,
    Document,
    ObjectId,
    SettingsGroup,
    place_of,
    refuse,
)
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.pydantic_sections import pydantic_section
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.core.secrets.key_providers import KeyFileProvider
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import Problem
from wxauto_mgt.runtime.clock import Clock, SystemClock
from wxauto_mgt.storage.database import Database

MAX_FIXED_LISTENERS: Final = 3


class ToyInstance(ConfigModel):
    id: ObjectId
    name: str = ""
    base_url: str
    api_key: str = Field(min_length=1, repr=False)
    rate_limit_per_minute: int = Field(default=100, ge=0)

    @field_validator("base_url")
    @classmethod
    def _http_only(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise refuse("bad_value")
        return value


class ToyListener(ConfigModel):
    instance: str
    who: str = Field(min_length=1)


class ToyPlatform(ConfigModel):
    id: ObjectId
    type: str = "openai"
    config: dict[str, JsonValue] = Field(default_factory=dict)


class ToyRule(ConfigModel):
    id: ObjectId
    name: str = ""
    chat: str = "*"
    platforms: tuple[str, ...] = Field(min_length=1)
    priority: int = 0

    @field_validator("chat")
    @classmethod
    def _no_lookahead(cls, value: str) -> str:
        if value.startswith("regex:") and "(?" in value:
            raise refuse("bad_value")
        return value


class ToyListening(ConfigModel):
    poll_interval_s: float = Field(default=1.0, gt=0)
    max_listeners_per_instance: int = Field(default=MAX_FIXED_LISTENERS, ge=1)


class ToyHeartbeat(ConfigModel):
    enabled: bool = True
    check_interval: float = Field(default=30.0, gt=0)


class ToyHttp(ConfigModel):
    port: int = Field(default=5080, ge=0, le=65_535)
    token: SecretStr | None = None


def _listener_id(document: Document) -> str:
    instance, who = document.get("instance"), document.get("who")
    return f"{instance}/{who}" if isinstance(instance, str) and isinstance(who, str) and who else ""


def _check_rules(candidate: Candidate) -> Iterable[Problem]:
    rules: Mapping[str, ToyRule] = candidate.objects("rule")
    for rule in rules.values():
        for position, platform in enumerate(rule.platforms):
            if not candidate.has("platform", platform):
                yield Problem(
                    place_of("rule", rule.id), f"platforms.{position}", "bad_value", {"id": platform}
                )


def _check_listeners(candidate: Candidate) -> Iterable[Problem]:
    listeners: Mapping[str, ToyListener] = candidate.objects("listener")
    limit = candidate.settings("listening").max_listeners_per_instance
    for object_id in list(listeners)[limit:]:
        yield Problem(place_of("listener", object_id), "", "too_many", {"max_length": limit})


def toy_sections() -> list[ConfigSection[Any]]:
    return [
        pydantic_section(
            kind="instance", document_key="instances", model=ToyInstance, secret_fields=("api_key",)
        ),
        pydantic_section(
            kind="listener",
            document_key="listeners",
            model=ToyListener,
            id_of=_listener_id,
            id_fields=("instance", "who"),
            check=_check_listeners,
        ),
        pydantic_section(
            kind="platform", document_key="platforms", model=ToyPlatform, secret_fields=("config.api_key",)
        ),
        pydantic_section(kind="rule", document_key="rules", model=ToyRule, check=_check_rules),
    ]


def toy_groups() -> list[SettingsGroup]:
    return [
        SettingsGroup("listening", ToyListening),
        SettingsGroup(
            "heartbeat",
            ToyHeartbeat,
            environment={"enabled": "HEARTBEAT_ENABLED", "check_interval": "HEARTBEAT_CHECK_INTERVAL"},
        ),
        SettingsGroup(
            "http", ToyHttp, environment={"port": "TOY_PORT", "token": "TOY_TOKEN"}, secret_fields=("token",)
        ),
    ]


def secret_box(folder: Path, redactor: Redactor | None = None) -> SecretBox:
    return SecretBox(
        key_providers={"file": KeyFileProvider(folder / "secret.key")}, redactor=redactor or Redactor()
    )


def toy_service(
    db: Database,
    *,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
    secrets: SecretBox | None = None,
    sections: Sequence[ConfigSection[Any]] | None = None,
) -> tuple[ConfigService, ConfigNotifier]:
    notifier = ConfigNotifier()
    service = ConfigService(
        db=db,
        sections=toy_sections() if sections is None else sections,
        settings_groups=toy_groups(),
        secrets=secrets or secret_box(db.path.parent),
        notifier=notifier,
        clock=clock or SystemClock(),
        environment=environment or {},
    )
    return service, notifier


@asynccontextmanager
async def open_database(folder: Path) -> AsyncIterator[Database]:
    database = await Database.open(
        folder / "console.db", kind="console", synchronous="FULL", backup_dir=folder / "backups"
    )
    try:
        yield database
    finally:
        await database.close()


SAMPLE: Final = """\
instances:
  - {id: pc1, name: 本机, base_url: "http://127.0.0.1:5000", api_key: "key-of-pc1-abcdef"}
platforms:
  - {id: kw, type: keyword, config: {replies: [您好]}}
  - id: ai
    config:
      model: m
      api_key: sk-planted-secret
rules:
  - {id: r1, name: 全部, chat: "*", platforms: [kw], priority: 10}
listeners:
  - {instance: pc1, who: 张三}
settings: {listening: {poll_interval_s: 0.5}}
"""
