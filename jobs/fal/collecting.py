"""How does a finished request become stored files? Result once, download, checks, storage, one transaction."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any

from image2model.ops.trail import follow
from jobs import catalog, meshes
from jobs.engines.fal import (
    AccountProblem,
    DownloadError,
    DownloadTimeout,
    Failed,
    FalClient,
    FalError,
    FileGone,
    Gone,
    NotReady,
    Result,
    Transient,
)
from jobs.failpoints import failpoint
from jobs.fal.artifacts import check_model, make_preview, place_for, remove_download, store_model
from jobs.fal.client import describe
from jobs.fal.prices import read_price
from jobs.fal.rows import Rows, Together
from jobs.fal.showcase import Showcase
from jobs.models import Attempt
from jobs.services.fal import breaker, collecting
from jobs.services.fal.showing import Sight
from jobs.services.runs import AttemptLost, Failure, NewArtifact
from jobs.shortage import is_shortage, is_shortage_of_room
from jobs.states import Stage

logger = logging.getLogger(__name__)

DOWNLOADING_PERCENT = 86
MOST_TRIES = 5  # for what may come right by itself: a lost result, a file that has moved
PREVIEW_BYTES = 20 << 20


class Collector:
    """Fetches the results of claimed attempts, several at once."""

    def __init__(self, client: FalClient, rows: Rows, showcase: Showcase) -> None:
        self._client, self._rows, self._showcase = client, rows, showcase
        self._save: Together[collecting.Answer, None] = Together(rows, collecting.save_results)
        self._keep: Together[collecting.Collected, frozenset[int]] = Together(rows, collecting.record_collected)

    async def collect(self, attempt: Attempt) -> None:
        """A claimed attempt: afterwards its files are stored, or its rows say why not, or when to come back."""
        generation = attempt.generation
        request_id = generation.job.request_id
        with follow("collect", request_id=request_id, job_id=generation.job_id, generation_id=generation.pk):
            await self._collect_or_explain(attempt)

    async def _collect_or_explain(self, attempt: Attempt) -> None:
        try:
            await self._collect(attempt)
        except AttemptLost:
            await self._rows(collecting.close_unwanted, attempt)
        except NotReady:
            await self._rows(collecting.follow_on, attempt)
        except AccountProblem as error:
            await self._rows(breaker.pause, error.reason, message=error.message)
            await self._rows(collecting.come_back, attempt)
        except Transient:
            await self._rows(collecting.come_back, attempt)
        except Failed as error:
            await self._settle_failure(attempt, error)
        except (Gone, DownloadError) as error:
            await self._try_again_or_end(attempt, error)
        except meshes.MeshError as error:
            await self._end(attempt, Failure(code=error.code, message=error.message, hint=error.hint))
        except OSError as error:
            if not is_shortage(error):
                raise
            put_off = collecting.wait_for_room if is_shortage_of_room(error) else collecting.come_back
            await self._rows(put_off, attempt)
        finally:
            await asyncio.to_thread(remove_download, attempt)

    async def _collect(self, attempt: Attempt) -> None:
        if attempt.raw_result is None:
            await self._read_result(attempt)
        if not collecting.is_wanted(attempt):
            raise AttemptLost(str(attempt.generation_id))
        self._showcase.show(_sight(attempt))
        try:
            await self._fetch(attempt)
        finally:
            self._showcase.forget(attempt.generation_id)

    async def _fetch(self, attempt: Attempt) -> None:
        output = find_output(attempt)
        download = await self._client.download(output.model_url, place_for(attempt))
        failpoint("collect.after_download")
        kind = await asyncio.to_thread(check_model, download, attempt=attempt, url=output.model_url)
        model = await asyncio.to_thread(store_model, attempt, download, kind)
        failpoint("collect.after_store")
        await self._record(attempt, model, preview_url=output.preview_url)
        failpoint("collect.after_record")

    async def _read_result(self, attempt: Attempt) -> None:
        result: Result = await self._client.result(attempt.endpoint, str(attempt.request_id))
        failpoint("collect.after_result")
        price = await read_price(self._client, attempt.endpoint)
        answer = collecting.Answer(
            attempt_id=attempt.pk, payload=result.payload, units=result.billable_units, unit_price=price
        )
        await self._save.put(answer)
        attempt.raw_result = result.payload
        failpoint("collect.after_save")

    async def _record(self, attempt: Attempt, model: NewArtifact, *, preview_url: str | None) -> None:
        collected = collecting.Collected(attempt=attempt, artifacts=(model,))
        if model.role != "model":
            preview = await self._fetch_preview(attempt, preview_url)
            artifacts = (model, *([preview] if preview else []))
            collected = replace(collected, artifacts=artifacts, warnings=("no_glb",), is_complete=True)
        self._showcase.forget(attempt.generation_id)  # the record says where it is
        if attempt.pk not in await self._keep.put(collected):
            raise AttemptLost(str(attempt.generation_id))

    async def _fetch_preview(self, attempt: Attempt, url: str | None) -> NewArtifact | None:
        """FAL's own picture of a model that we cannot draw; without it nothing is lost."""
        if not url:
            return None
        try:
            download = await self._client.download(url, place_for(attempt), max_bytes=PREVIEW_BYTES)
            return await asyncio.to_thread(make_preview, attempt, download)
        except FalError as error:
            logger.info("FAL's preview of attempt %s was not taken: %s", attempt.pk, error.message)
            return None

    async def _settle_failure(self, attempt: Attempt, error: Failed) -> None:
        """The request is over without a model; nothing is charged unless FAL says so."""
        units: Decimal | None = getattr(error, "billable_units", None)
        price = await read_price(self._client, attempt.endpoint) if units else None
        await self._end(
            attempt, describe(error), error_type=error.fal_type, detail=error.detail, units=units, unit_price=price
        )

    async def _try_again_or_end(self, attempt: Attempt, error: FalError) -> None:
        if attempt.poll_failures + 1 >= MOST_TRIES or not _may_come_right(error):
            await self._end(attempt, describe(error), detail=error.detail)
        elif isinstance(error, FileGone):
            await self._rows(collecting.read_again, attempt)
        else:
            await self._rows(collecting.come_back, attempt)

    async def _end(self, attempt: Attempt, failure: Failure, **more: Any) -> None:
        await self._rows.insist(collecting.end_without_model, attempt, failure=failure, **more)


def _may_come_right(error: FalError) -> bool:
    """A file that was cut short was so several times already. A slow way may be our own machine's fault."""
    is_far = error.retryable and error.code == "provider_unreachable"
    return isinstance(error, Gone | FileGone | DownloadTimeout) or is_far


def find_output(attempt: Attempt) -> Any:
    """Where the model is, or ``Failed``."""
    output = catalog.find_output(catalog.ENGINES[attempt.engine], attempt.raw_result or {})
    if output is None or not output.model_url:
        raise Failed(
            "provider_bad_result", "FAL's result has no model in it.",
            hint="Try again, or choose another engine.", retryable=True,
        )  # fmt: skip
    return output


def _sight(attempt: Attempt) -> Sight:
    return Sight(
        generation_id=attempt.generation_id, job_id=attempt.generation.job_id, attempt=attempt.number,
        stage=Stage.DOWNLOADING, percent=DOWNLOADING_PERCENT,
    )  # fmt: skip
