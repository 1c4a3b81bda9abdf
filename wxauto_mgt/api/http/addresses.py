"""Which `Host` and `Origin` a request may name. Pure.

The defence against DNS rebinding and requests that other web pages make; `security` asks before routing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.access.settings import is_loopback

_HOST: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:@/\\\s]+)(?::(?P<port>[0-9]{1,5}))?\Z")
_LARGEST_PORT: Final = 65_535
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class TrustedNames:
    """The names under which this console may be addressed.

    Attributes:
        hosts: names beyond those of this machine alone.
        origins: web pages that may call it beside its own.
        takes_any_address: whether any literal IP address is fine: a console that other machines reach is
            addressed so, and a name that is rebound is never an address.
    """

    hosts: Collection[str] = ()
    origins: Collection[str] = ()
    takes_any_address: bool = False

    def allows_host(self, header: str) -> bool:
        """Whether a `Host` header names this console."""
        host = host_of(header)
        if host is None:
            return False
        if is_loopback(host) or host in self.hosts:
            return True
        return self.takes_any_address and _is_address(host)

    def allows_origin(self, origin: str, *, scheme: str, host_header: str) -> bool:
        """Whether a page of that origin may call; `null` never is."""
        wanted = origin.strip().lower()
        return wanted == f"{scheme}://{host_header.strip().lower()}" or wanted in self.origins


def host_of(header: str) -> str | None:
    """Take the host out of `host:port`, brackets off; None when it is not one."""
    match = _HOST.match(header.strip().lower())
    if match is None or int(match["port"] or 0) > _LARGEST_PORT:
        return None
    host = match["host"]
    if not host.startswith("["):
        return host
    inner = host[1:-1]
    return inner if _is_address(inner) else None


def refused_by_fetch_metadata(method: str, site: str | None, mode: str | None) -> bool:
    """Whether a browser says that another site makes this request. Absent = no browser, or an old one."""
    if site in (None, "same-origin", "none"):
        return False
    return method not in SAFE_METHODS or mode != "navigate"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
