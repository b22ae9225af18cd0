"""How does one generation get to FAL? Pictures prepared and uploaded, the attempt committed, one POST."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError

from image2model.ops.trail import follow
from jobs import catalog, images
from jobs.confined import pictures
from jobs.engines.fal import AccountProblem, FalClient, FalError, NotSent, OutcomeUnknown, Rejected
from jobs.failpoints import failpoint
from jobs.fal.client import INPUT_LIFETIME_SECONDS, OUTPUT_LIFETIME_SECONDS, describe
from jobs.fal.rows import Rows, Together
from jobs.fal.showcase import Showcase
from jobs.models import Attempt, Generation
from jobs.services import runs
from jobs.services.fal import breaker, provider, submission, unknown
from jobs.services.fal.showing import Sight
from jobs.services.fal.submission import Parcel, Receipt
from jobs.services.runs import LEASE_SECONDS, AttemptLost, Failure
from jobs.shortage import PAUSE_SECONDS, is_shortage
from jobs.states import Stage, WaitingReason

logger = logging.getLogger(__name__)

POSTS_AT_ONCE = 8  # a kill leaves at most so many outcomes unknown
UPLOADING_PERCENT, SUBMITTED_PERCENT = 3, 5

View = str
_preparing = threading.Lock()  # one child process for pictures is enough: it is FAL that is waited for


class _Short(Exception):
    """This machine lacks something, and nothing has been sent."""


class Sender:
    """Sends claimed generations, several at once; what they write goes into the database together."""

    def __init__(self, client: FalClient, rows: Rows, showcase: Showcase) -> None:
        self._client, self._rows, self._showcase = client, rows, showcase
        self._is_blocked = False  # what else is in hand need not be tried any more
        self._slots = asyncio.Semaphore(POSTS_AT_ONCE)
        self._begin: Together[Parcel, set[int]] = Together(rows, submission.begin_sending)
        self._accept: Together[Receipt, None] = Together(rows, _note_accepted)

    async def send(self, attempt: Attempt) -> None:
        """A claimed attempt: afterwards FAL has it, or its rows say why not."""
        generation = attempt.generation
        request_id = generation.job.request_id
        with follow("send", request_id=request_id, job_id=generation.job_id, generation_id=generation.pk):
            await self._send_or_explain(generation, attempt)

    async def _send_or_explain(self, generation: Generation, attempt: Attempt) -> None:
        try:
            await self._send(generation, attempt)
        except AttemptLost:
            logger.info("Generation %s was taken from this worker.", generation.pk)
        except Rejected as error:
            await self._rows(
                submission.reject, generation, failure=describe(error), error_type=error.fal_type, detail=error.detail
            )
            if error.fal_type == provider.ENDPOINT_GONE:
                await self._rows(provider.withdraw_engine, attempt.engine)
        except AccountProblem as error:
            self._is_blocked = True
            await self._rows(breaker.pause, error.reason, message=error.message)
            await self._give_back(generation, error, waiting=WaitingReason.ENGINE_PAUSED)
        except OutcomeUnknown as error:
            await self._rows.insist(unknown.mark_unknown, attempt.pk, reason=error.detail)
            await self._note_failure()
        except FalError as error:  # not sent, or the upload did not go through: nothing runs at FAL
            await self._note_failure()
            await self._give_back(generation, error, waiting=WaitingReason.QUEUE)
        except _Short as error:
            reason = f"the worker ran short: {error.__cause__}"
            await self._rows(
                submission.give_back, generation, code="", reason=reason, waiting=WaitingReason.QUEUE
            )  # fmt: skip
        except images.ImageError as error:
            failure = Failure(code="provider_rejected_input", message=error.message, hint=error.hint)
            await self._rows(submission.reject, generation, failure=failure)
        except (DatabaseError, InterfaceError):
            raise  # nothing can be noted now: the sweep finds it when its lease has run out
        except Exception:
            if not await self._rows(runs.is_running, generation):
                told = "Generation %s was deleted or taken while it was being sent."
                logger.info(told, generation.pk, exc_info=True)
                return
            await self._rows(runs.fail_generation, generation, failure=_BUG)
            raise

    async def _send(self, generation: Generation, attempt: Attempt) -> None:
        if self._is_blocked:
            raise NotSent("provider_unreachable", "FAL does not answer.", retryable=True)
        failpoint("submit.before_upload")
        urls = await self._upload_pictures(generation)
        failpoint("submit.after_upload")
        engine = catalog.ENGINES[generation.engine]
        arguments = catalog.build_arguments(engine, options=generation.options, image_urls=urls)
        parcel = Parcel(attempt_id=attempt.pk, arguments=arguments, input_urls=list(urls.values()))
        failpoint("submit.before_sending")
        self._showcase.forget(generation.pk)
        async with self._slots:
            await self._post(generation, attempt, parcel)
        self._showcase.show(_sight(generation, Stage.SUBMITTED, SUBMITTED_PERCENT, lease_seconds=None))

    async def _post(self, generation: Generation, attempt: Attempt, parcel: Parcel) -> None:
        """Committed before and after; in between lies the one moment whose end may stay unknown."""
        if attempt.pk not in await self._begin.put(parcel):
            await self._rows(submission.give_back_for_today, generation)
            raise AttemptLost(str(generation.pk))
        failpoint("submit.sending")
        request_id = await self._client.submit(
            attempt.endpoint,
            dict(parcel.arguments),
            webhook_url=build_webhook_url(attempt),
            output_lifetime_seconds=OUTPUT_LIFETIME_SECONDS,
        )
        failpoint("submit.after_send")
        await self._accept.put(Receipt(attempt_id=attempt.pk, engine=attempt.engine, request_id=request_id))
        failpoint("submit.after_accept")

    async def _upload_pictures(self, generation: Generation) -> dict[View, str]:
        """Addresses by view, new for each attempt, so that FAL's history tells attempts apart."""
        paths = list_pictures(generation)
        self._showcase.show(_sight(generation, Stage.UPLOADING, UPLOADING_PERCENT, lease_seconds=LEASE_SECONDS))
        addresses = await asyncio.gather(*(self._upload(generation, view, path) for view, path in paths.items()))
        return dict(zip(paths, addresses, strict=True))

    async def _upload(self, generation: Generation, view: View, path: str) -> str:
        try:
            picture = await asyncio.to_thread(prepare_picture, path, engine=catalog.ENGINES[generation.engine])
        except OSError as error:
            if not is_shortage(error):
                raise
            await asyncio.sleep(PAUSE_SECONDS)
            raise _Short from error
        return await self._client.upload(
            picture.data,
            content_type=picture.content_type,
            filename=f"{PurePosixPath(generation.name).stem}-{view}.{picture.extension}",
            lifetime_seconds=INPUT_LIFETIME_SECONDS,
        )

    async def _note_failure(self) -> None:
        if not self._is_blocked:
            self._is_blocked = await self._rows(breaker.note_failure)

    async def _give_back(self, generation: Generation, error: FalError, *, waiting: WaitingReason) -> None:
        await self._rows(
            submission.give_back, generation, code=error.code, reason=error.message, waiting=waiting
        )  # fmt: skip
        if isinstance(error, NotSent):
            logger.info("Generation %s was not sent: %s", generation.pk, error.detail)


_BUG = Failure(
    code="worker_crashed",
    message="Something went wrong inside the product while sending this picture.",
    hint="Try again; the administrator finds the reason in the worker's log.",
    retryable=True,
)


def _note_accepted(receipts: Sequence[Receipt]) -> None:
    submission.note_accepted(receipts)
    breaker.note_success()


def list_pictures(generation: Generation) -> dict[View, str]:
    """Paths of what the engine takes. Reads prefetched inputs."""
    engine = catalog.ENGINES[generation.engine]
    return {entry.view: entry.image.path for entry in generation.inputs.all() if entry.view in engine.views}


def prepare_picture(path: str, *, engine: catalog.EngineEntry) -> images.NormalisedImage:
    """Upright, without metadata, in the right type and no larger than the engine takes."""
    limits = engine.picture_limits
    side = limits.max_side or images.MAX_SIDE
    with default_storage.open(path) as file, _preparing:
        picture = pictures.normalise(file, **_limit_side(limits.max_side))
        while limits.max_bytes and len(picture.data) > limits.max_bytes and side > 256:
            side = max(picture.width, picture.height) * 3 // 4
            picture = pictures.normalise(file, max_side=side)
    return picture


def _limit_side(max_side: int) -> Mapping[str, int]:
    return {"max_side": min(max_side, 4096)} if max_side else {}


def build_webhook_url(attempt: Attempt) -> str | None:
    """Where FAL may tell that it is over; its unguessable token says which attempt it was, whatever was lost."""
    return f"{settings.PUBLIC_URL}/api/v1/webhooks/fal/{attempt.token}" if settings.PUBLIC_URL else None


def _sight(generation: Generation, stage: Stage, percent: int, *, lease_seconds: float | None) -> Sight:
    return Sight(
        generation_id=generation.pk, job_id=generation.job_id, attempt=generation.attempt, stage=stage,
        percent=percent, lease_seconds=lease_seconds,
    )  # fmt: skip
