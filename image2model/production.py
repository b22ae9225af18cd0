"""Would it be reckless to start like this? Faults of settings with which no installation faces the world.

With HTTPS on, an installation says that it is reached from outside. Free of Django, as nothing has started yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 5  # different ones


def find_faults(configuration: Mapping[str, Any]) -> list[str]:
    """One sentence for each; none in an installation without HTTPS, which is for one machine or for trials."""
    return list(_find(configuration)) if configuration["HTTPS"] else []


def _find(configuration: Mapping[str, Any]) -> Iterator[str]:
    if configuration["DEBUG"]:
        yield "With HTTPS, DEBUG must be off."
    for name in ("SECRET_KEY", "API_KEY_PEPPER"):
        if configuration[name] and is_weak(configuration[name]):
            yield f"With HTTPS, {name} needs {SHORTEST_SECRET} random characters."
    if "*" in configuration["ALLOWED_HOSTS"]:
        yield "With HTTPS, ALLOWED_HOSTS must name the hosts: * lets links in mails be forged."
    if configuration["PUBLIC_URL"] and not configuration["PUBLIC_URL"].startswith("https://"):
        yield "With HTTPS, PUBLIC_URL must begin with https://."
    if is_open_redis(configuration["REDIS_URL"]):
        yield "With HTTPS, a Redis that is reached over the network needs a password in REDIS_URL."
    if configuration["ALLOW_FAILPOINTS"]:
        yield "With HTTPS, ALLOW_FAILPOINTS must be off: it is for tests alone."
    if configuration["VIRTUAL_FAL"]:
        yield "With HTTPS, VIRTUAL_FAL must be off: its models and prices are made up."


def is_weak(secret: str) -> bool:
    return len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS


def is_open_redis(url: str) -> bool:
    """Can anybody in the network speak to it? Whoever writes into the queue decides what workers do."""
    parts = urlsplit(url)
    return parts.scheme in ("redis", "rediss") and (parts.hostname or "") not in LOOPBACK and not parts.password
