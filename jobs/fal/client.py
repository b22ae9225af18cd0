"""How do workers open the way to FAL? With the key and the address of the settings."""

from __future__ import annotations

from django.conf import settings

from image2model.middleware import request_id_var
from image2model.ops.trail import note_provider_call
from jobs.engines.fal import FalClient, FalError, FalHosts, Limits
from jobs.services.runs import Failure

INPUT_LIFETIME_SECONDS = 7 * 86_400  # FAL's own retries and long queues read the pictures again
OUTPUT_LIFETIME_SECONDS = 7 * 86_400  # public addresses: no longer than recovery may need

limits = Limits()


def has_key() -> bool:
    return bool(settings.FAL_KEY)


def open_client() -> FalClient:
    """``AccountProblem`` when the key is none."""
    hosts = FalHosts.from_base_url(settings.FAL_BASE_URL)
    return FalClient(
        settings.FAL_KEY, hosts=hosts, limits=limits, observe=note_provider_call, name_request=request_id_var.get
    )


def describe(error: FalError) -> Failure:
    return Failure(code=error.code, message=error.message, hint=error.hint, retryable=error.retryable)
