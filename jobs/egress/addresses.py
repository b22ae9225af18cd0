"""Which addresses of the internet may a stranger make us talk to? Judged by number, never by name. Pure Python."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowedError(OSError):
    """This server does not send there. An ``OSError``, as a connection that cannot be made is one."""


def is_public(text: str) -> bool:
    """Is it an address of the open internet, however it is written?"""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_global(each) for each in _unwrap(address) or [address])


def _is_global(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _unwrap(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address carries inside: it leads to them."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in inner if each is not None]


def check_shape(url: str, *, allow_private: bool) -> SplitResult:
    """The parts of an address that may be called, or ``NotAllowedError``. Names are not looked up here."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowedError("the address cannot be read") from None
    if UNPRINTABLE.search(url) or not url.isascii() or not parts.hostname or port == 0:
        raise NotAllowedError("the address cannot be read")
    if parts.username is not None or parts.password is not None:
        raise NotAllowedError("the address carries a user name")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise NotAllowedError("the address must begin with https://")
    return parts


def check_host(host: str) -> None:
    """``NotAllowedError`` when the name leads now, or may lead, to an address that is not public.

    A name that nobody knows passes: it may be known when it is called, and is judged again then.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        if host.rstrip(".").rpartition(".")[2].lower() in ("localhost", "local", "internal", "localdomain"):
            raise NotAllowedError("the address is not a public one") from None
        return
    check_addresses([str(entry[4][0]) for entry in found])


def check_addresses(addresses: Sequence[str]) -> None:
    """All of them must be public: a name with one of each kind is a trap."""
    if not addresses or not all(is_public(address) for address in addresses):
        raise NotAllowedError("the address is not a public one")
