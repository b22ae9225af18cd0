"""May this address be called? Asked when it is named; whoever calls it asks again, each time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookUpTimeout

from django.conf import settings

from jobs.egress.addresses import NotAllowedError, check_host, check_shape
from jobs.errors import JobError

LOOK_UP_SECONDS = 2.0

_look_ups = ThreadPoolExecutor(max_workers=4, thread_name_prefix="names")


def check_target(url: str, *, parameter: str = "url") -> None:
    """``JobError`` ``url_not_allowed`` for what is not a public address. A name that nobody knows yet passes."""
    try:
        parts = check_shape(url, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS)
        if not settings.ALLOW_PRIVATE_WEBHOOKS:
            _look_ups.submit(check_host, parts.hostname or "").result(LOOK_UP_SECONDS)
    except LookUpTimeout:
        return  # whoever knows the name is slow; the address is judged when it is called
    except NotAllowedError as error:
        raise JobError(
            "url_not_allowed",
            f"Webhooks cannot be sent there: {error}.",
            hint="Name an https:// address that everybody can reach.",
            details={"parameter": parameter},
        ) from None
