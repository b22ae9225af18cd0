"""From which address does somebody come, and is it one of those that may?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.http import HttpRequest


def read_address(request: HttpRequest) -> str:
    """As the server tells it: behind a proxy it is the server that knows which forwarded address to trust."""
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def is_within(address: str, networks: Iterable[str]) -> bool:
    """What is no address is within none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None)
    return any(one in ipaddress.ip_network(network) for network in networks for one in (found, inner) if one)
