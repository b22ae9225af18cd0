"""Is this installation set up to face the world? Part of ``manage.py check --deploy``."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.utils.module_loading import import_string

from image2model.misspelt import find_misspelt
from image2model.production import is_open_redis


@register(Tags.compatibility)
def check_names(app_configs: Any, **_: Any) -> list[CheckMessage]:
    return [Warning(line, id="image2model.W001") for line in find_misspelt(os.environ)]


@register(Tags.compatibility, deploy=True)
def check_application(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """A web process that cannot load it is started again and again: better known before."""
    try:
        import_string(settings.ASGI_APPLICATION)
    except Exception:  # whatever the code of a release may raise; it is told, not swallowed
        return [Error(f"The application cannot be loaded.\n{traceback.format_exc()}", id="image2model.E001")]
    return []


@register(Tags.security, deploy=True)
def check_exposure(app_configs: Any, **_: Any) -> list[CheckMessage]:
    return list(_find_exposures())


def _find_exposures() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning("ALLOWED_HOSTS is *: links in mails can be forged.", id="image2model.W002")
    if settings.HTTPS and not settings.PUBLIC_URL.startswith("https://"):
        yield Warning("HTTPS is on, but PUBLIC_URL does not begin with https://.", id="image2model.W003")
    if settings.ALLOW_FAILPOINTS:
        yield Warning("ALLOW_FAILPOINTS is on: it is for tests alone.", id="image2model.W004")
    if is_open_redis(settings.REDIS_URL):
        yield Warning("Redis is reached over the network without a password.", id="image2model.W005")
    if not settings.REQUIRE_TWO_FACTOR:
        yield Info("REQUIRE_TWO_FACTOR is off: a password alone opens the admin.", id="image2model.I001")
