"""What does FAL tell us by itself? That a request is over: checked, believed as a hint, and looked at at once."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.rest import ApiView
from jobs.errors import JobError
from jobs.failpoints import failpoint
from jobs.services.fal.unknown import hear_webhook

if TYPE_CHECKING:
    from jobs.engines.fal.webhook_keys import KeySet

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20


class KeyMemory:
    """FAL's public keys, kept in this process for a day."""

    def __init__(self) -> None:
        self._keys: KeySet | None = None

    def get(self) -> KeySet | None:
        return self._keys

    def set(self, keys: KeySet) -> None:
        self._keys = keys


memory = KeyMemory()


@extend_schema(exclude=True)  # nobody but FAL calls it
class FalWebhookView(ApiView):
    authentication_classes = []  # the signature says who calls
    permission_classes = [AllowAny]

    def post(self, request: Request, token: str) -> Response:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            raise JobError("request_too_large", f"A webhook may have {MAX_BODY_BYTES} bytes.")
        request_id = check(request)
        failpoint("webhook.after_check")
        try:
            known = hear_webhook(token, request_id=request_id)
        except JobError as refusal:
            logger.warning("Security: a signed webhook of request %s came with another attempt's token.", request_id)
            raise refusal
        failpoint("webhook.after_note")
        return Response({"status": "noted" if known else "unknown"})


def check(request: Request) -> str:
    """The request id of a message that FAL has signed; ``JobError`` for any other."""
    from jobs.engines.fal.hosts import FalHosts  # loads aiohttp, which most calls do not need
    from jobs.engines.fal.webhook_keys import fetch_keys
    from jobs.engines.fal.webhooks import check_webhook

    async def fetch() -> tuple[str, ...] | None:
        return await fetch_keys(FalHosts.from_base_url(settings.FAL_BASE_URL))

    claim = async_to_sync(check_webhook)(
        dict(request.headers), request.body, cache=memory, fetch=fetch, now=time.time()
    )  # fmt: skip
    return str(claim.request_id)
