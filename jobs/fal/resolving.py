"""Did FAL take a submission whose answer was lost? Its request history knows, by the addresses of the pictures."""

from __future__ import annotations

import logging
from datetime import timedelta

from image2model.ops.logs import bind
from jobs.engines.fal import AccountProblem, FalClient, FalError
from jobs.fal.rows import Rows
from jobs.models import Attempt
from jobs.services.fal import breaker, unknown

logger = logging.getLogger(__name__)

MARGIN = timedelta(minutes=5)  # clocks differ


async def resolve(attempt: Attempt, *, client: FalClient, rows: Rows) -> None:
    """Look once; an attempt that is not found stays as it is."""
    with bind(request_id=attempt.generation.job.request_id):
        request_id = await _find(attempt, client=client, rows=rows)
        if request_id is not None:
            logger.info("Attempt %s was found in FAL's history as %s.", attempt.pk, request_id)
            await rows(unknown.adopt, attempt, request_id=request_id)


async def _find(attempt: Attempt, *, client: FalClient, rows: Rows) -> str | None:
    since = (attempt.sent_at or attempt.created_at) - MARGIN
    try:
        entries = await client.find_requests(attempt.endpoint, since=since)
    except AccountProblem as error:
        await rows(breaker.pause, error.reason, message=error.message)
        return None
    except FalError as error:
        logger.info("FAL's history could not be read: %s", error.detail)
        return None
    urls = attempt.input_urls
    return next((entry.request_id for entry in entries if any(entry.has_input(url) for url in urls)), None)
