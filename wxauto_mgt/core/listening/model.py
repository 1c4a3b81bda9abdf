"""Listeners as the configuration knows them and as the outside sees them; the events about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import FieldHints
from wxauto_mgt.core.config.model import (
    Candidate,
    ConfigModel,
    ConfigSection,
    Document,
    check_object_id,
    place_of,
    refuse,
)
from wxauto_mgt.core.config.pydantic_sections import pydantic_section
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.listening.settings import LISTENING, ListeningSettings
from wxauto_mgt.errors import Problem

LISTENER: Final = "listener"
ALL_INSTANCES: Final = "*"
_GROUP: Final = "listener.group.chat"
_hints = FieldHints(labels="listener.field", helps="listener.help", group=_GROUP)


class ListenerKind(StrEnum):
    """Where a listener comes from, which says how long it stays."""

    AUTO = "auto"
    MANUAL = "manual"
    FIXED = "fixed"

    @property
    def is_permanent(self) -> bool:
        """Never expires, never makes room for another."""
        return self is not ListenerKind.AUTO


class ConfiguredKind(StrEnum):
    """The kinds that a document may name."""

    MANUAL = "manual"
    FIXED = "fixed"


def _check_instance(value: str) -> str:
    return value if value == ALL_INSTANCES else check_object_id(value)


def _check_who(value: str) -> str:
    if value != value.strip():
        raise refuse("surrounding_space")
    if not value.isprintable():
        raise refuse("chat_name_characters")
    return value


class ListenerConfig(ConfigModel):
    """A chat that is always listened in a window of its own."""

    instance: Annotated[str, AfterValidator(_check_instance)] = Field(
        json_schema_extra=_hints("instance", 10, refers_to=INSTANCE, offers_any=True)
    )
    who: Annotated[str, AfterValidator(_check_who)] = Field(
        min_length=1, max_length=200, json_schema_extra=_hints("who", 20, has_help=True)
    )
    kind: ConfiguredKind = Field(
        default=ConfiguredKind.FIXED, json_schema_extra=_hints("kind", 30, choices="listener.kind")
    )

    @property
    def id(self) -> str:
        """The key of this listener in the configuration."""
        return listener_id(self.instance, self.who)


def listener_id(instance: str, who: str) -> str:
    """The id under which the configuration keeps a listener; a chat name may hold any character."""
    return f"{instance}:{who}"


def _id_of(document: Document) -> str:
    instance, who = document.get("instance"), document.get("who")
    return listener_id(instance, who) if isinstance(instance, str) and isinstance(who, str) else ""


def permanent_listeners(configs: Iterable[ListenerConfig], instance_id: str) -> dict[str, ListenerKind]:
    """The chats that an instance always listens to; what names the instance goes before `*`."""
    everywhere: dict[str, ListenerKind] = {}
    own: dict[str, ListenerKind] = {}
    for config in configs:
        if config.instance == instance_id:
            own[config.who] = ListenerKind(config.kind.value)
        elif config.instance == ALL_INSTANCES:
            everywhere[config.who] = ListenerKind(config.kind.value)
    return everywhere | own


def _check_listeners(candidate: Candidate) -> Iterable[Problem]:
    configs: Mapping[str, ListenerConfig] = candidate.objects(LISTENER)
    instances: Mapping[str, InstanceConfig] = candidate.objects(INSTANCE)
    named = {config.instance for config in configs.values()} - {ALL_INSTANCES}
    unknown = {instance for instance in named if not candidate.has(INSTANCE, instance)}
    for config in configs.values():
        if config.instance in unknown:
            yield Problem(
                place_of(LISTENER, config.id), "instance", "unknown_instance", {"instance": config.instance}
            )
    settings: ListeningSettings = candidate.settings(LISTENING)
    limit = settings.max_listeners_per_instance
    chats: dict[str, set[str]] = {}
    for config in configs.values():
        chats.setdefault(config.instance, set()).add(config.who)
    everywhere = chats.get(ALL_INSTANCES, set())
    for instance_id in instances:
        own = chats.get(instance_id, set())
        wanted = len(own | everywhere)
        if wanted > limit:
            last = next(
                config
                for config in reversed(list(configs.values()))
                if config.instance == (instance_id if own else ALL_INSTANCES)
            )
            yield Problem(
                place_of(LISTENER, last.id),
                "",
                "too_many_listeners",
                {"instance": instance_id, "count": wanted, "limit": limit},
            )


def listener_section() -> ConfigSection[ListenerConfig]:
    """What the configuration store needs to know about listeners."""
    return pydantic_section(
        kind=LISTENER,
        document_key="listeners",
        model=ListenerConfig,
        check=_check_listeners,
        id_of=_id_of,
        id_fields=("instance", "who"),
    )


class ListenerStatus(NamedTuple):
    """One listener as displays show it. A tuple, since hundreds are made for each evaluation of the score.

    Attributes:
        active: verified since the server's last start and within five minutes.
        title: the window's real title, once learned.
        reason: why it is not active (`listener_reason.<code>`), else empty.
        message_count: rows that other people wrote, both channels, since the listener was made.
        error_count: failed attempts to open or verify its window.
    """

    instance_id: str
    who: str
    kind: ListenerKind
    active: bool
    title: str | None
    last_message_at: datetime | None
    last_check_at: datetime | None
    message_count: int
    error_count: int
    reason: str = ""


@dataclass(frozen=True)
class ListenerAdded:
    """A listener was made."""

    instance_id: str
    who: str
    kind: ListenerKind


@dataclass(frozen=True)
class ListenerRemoved:
    """A listener is gone; `reason` is expired, evicted, configured or by_hand."""

    instance_id: str
    who: str
    reason: str


@dataclass(frozen=True)
class ListenerServiceChanged:
    """The listening service was started, stopped, paused, resumed, blocked or unblocked."""

    running: bool
    paused: bool
    blocked_by: str | None
