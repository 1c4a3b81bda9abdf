"""The part of a service's document that lets the console run the service as a process of its own.

Owns the fields and their limits; `core.recovery.processes` runs what they say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, Document, refuse
from wxauto_mgt.core.secrets.redaction import is_secret_name

_GROUP: Final = "service.group.process"
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_OWN_VARIABLES: Final = "WXAUTO_MGT_"
_hints = FieldHints(labels="service.process", helps="service.process.help", group=_GROUP)


class RestartPolicy(StrEnum):
    """When a process that ended by itself is started again."""

    ALWAYS = "always"
    ON_FAILURE = "on_failure"
    NEVER = "never"


def _check_text(value: str) -> str:
    if "\x00" in value:
        raise refuse("process_zero_byte")
    return value


def _check_program(command: tuple[str, ...]) -> tuple[str, ...]:
    if command and not command[0].strip():
        raise refuse("process_program_empty")
    return command


def _check_names(env: Mapping[str, str]) -> Mapping[str, str]:
    for name in env:
        if not _VARIABLE_NAME.match(name):
            raise refuse("process_variable_name", name=name[:100])
        if name.upper().startswith(_OWN_VARIABLES):
            raise refuse("process_variable_reserved", name=name)
    return env


Text = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_check_text)]


class ManagedProcessConfig(ConfigModel):
    """A program that the console starts, watches and stops.

    Attributes:
        command: the program and its arguments; never a shell's line. It has to stay in the foreground.
        cwd: folder to start it in; the console's own when empty.
        env: added to the console's environment; a value `${NAME}` stands for a variable of that.
        autostart: whether it is started with the console.
        restart: after it ended by itself.
        stop_timeout_s: how long it may take to end when asked politely, before it is ended.
    """

    command: Annotated[tuple[Text, ...], AfterValidator(_check_program)] = Field(
        min_length=1,
        max_length=200,
        json_schema_extra=_hints("command", 710, widget=Widget.WORDS, has_help=True),
    )
    cwd: Text = Field(default="", json_schema_extra=_hints("cwd", 720, has_help=True))
    env: Annotated[Mapping[str, Text], AfterValidator(_check_names)] = Field(
        default_factory=dict,
        max_length=100,
        json_schema_extra=_hints("env", 730, widget=Widget.PAIRS, has_help=True),
    )
    autostart: bool = Field(
        default=True, json_schema_extra=_hints("autostart", 740, widget=Widget.SWITCH, has_help=True)
    )
    restart: RestartPolicy = Field(
        default=RestartPolicy.ON_FAILURE,
        json_schema_extra=_hints("restart", 750, choices="service.process.restart", has_help=True),
    )
    stop_timeout_s: float = Field(
        default=10.0,
        ge=0,
        le=60,
        json_schema_extra=_hints("stop_timeout_s", 760, unit="unit.seconds", has_help=True),
    )


def secret_fields(document: Document) -> tuple[str, ...]:
    """Paths, inside the document of a process, of the variables whose names say that they are secret."""
    env = document.get("env")
    if not isinstance(env, Mapping):
        return ()
    return tuple(f"env.{name}" for name in env if isinstance(name, str) and is_secret_name(name))
