"""The address of a server as people write it in the configuration of a check. Pure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult

from pydantic import AfterValidator

from wxauto_mgt.core.config.field_checks import split_address
from wxauto_mgt.core.config.model import refuse

"""Heading over the fields of a check's own."""
PORT: Final = "{port}"
"""Stands for the service's port."""
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*\Z|::[0-9A-Fa-f:]*\Z")


def _check_host(value: str) -> str:
    if not _HOST.match(value):
        raise refuse("host_name")
    return value


Host = Annotated[str, AfterValidator(_check_host)]
"""A name or an address, without scheme, port or brackets."""


def with_port(text: str, port: int | None) -> str:
    """Put the service's port into a text; one that asks for a port that there is not was refused before."""
    return text.replace(PORT, str(port))


def server_address(value: str, *, schemes: tuple[str, ...], may_have_query: bool = False) -> SplitResult:
    """Take an address apart, or refuse it.

    A name or password in it is refused: they have fields of their own, sealed and never shown.
    """
    parts = split_address(with_port(value, 1))
    if parts.scheme not in schemes:
        raise refuse("check_address_scheme", schemes=", ".join(f"{scheme}://" for scheme in schemes))
    if parts.username is not None or parts.password is not None:
        raise refuse("url_credentials")
    if not parts.hostname:
        raise refuse("url_host")
    if (parts.query or parts.fragment) and not may_have_query:
        raise refuse("url_query")
    return parts


def absolute_path(value: str) -> str:
    """Return the path, or refuse one that depends on the folder where the console was started."""
    if not Path(value).is_absolute() or "\0" in value:
        raise refuse("path_not_absolute")
    return value
