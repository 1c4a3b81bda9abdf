"""Decides which hosts a check may talk to, at the moment when their addresses are known.

A name may lead anywhere, and so may a redirect: what counts is the address that would be connected to.
"""

from __future__ import annotations

import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

_Address = IPv4Address | IPv6Address

# Where clouds hand credentials to whoever asks from inside, beside the link-local 169.254.169.254.
_METADATA: Final = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200")})


class HostClass(StrEnum):
    """How far away an address is."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    PUBLIC = "public"
    REFUSED = "refused"  # link-local, metadata, multicast: never the address of a service


class AddressRefused(OSError):
    """A host has no address that may be connected to."""


def class_of(address: _Address) -> HostClass:
    """Tell how far away an address is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_link_local or address.is_multicast or address in _METADATA:
        return HostClass.REFUSED
    if address.is_loopback or address.is_unspecified:
        return HostClass.LOOPBACK
    return HostClass.PRIVATE if address.is_private else HostClass.PUBLIC


def class_of_literal(host: str) -> HostClass | None:
    """As `class_of`, of a host that is written as an address; None for a name."""
    try:
        return class_of(ip_address(host.partition("%")[0]))
    except ValueError:
        return None


class AddressGuard(AbstractResolver):
    """Resolves names to addresses that are as far away as the first host's; one for each run of a check."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()
        self._allowed: frozenset[HostClass] | None = None

    def admit_literal(self, host: str) -> None:
        """Judge a host that is written as an address, which is never resolved; a name is judged later.

        Raises:
            AddressRefused: it must not be connected to.
        """
        host_class = class_of_literal(host)
        if host_class is not None and not self._admits({host_class}):
            raise AddressRefused

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            AddressRefused: none of its addresses may be connected to.
            OSError: it has none.
        """
        found = await self._resolver.resolve(host, port, family)
        classes = {entry["host"]: class_of(ip_address(entry["host"].partition("%")[0])) for entry in found}
        admitted = self._admits(set(classes.values()))
        if not admitted:
            raise AddressRefused
        return [entry for entry in found if classes[entry["host"]] in admitted]

    async def close(self) -> None:
        """Let go of the resolver."""
        await self._resolver.close()

    def _admits(self, classes: set[HostClass]) -> frozenset[HostClass]:
        admitted = frozenset(classes) - {HostClass.REFUSED}
        if self._allowed is None and admitted:
            self._allowed = admitted
        return admitted & (self._allowed or frozenset())
