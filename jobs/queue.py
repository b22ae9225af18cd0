"""How is a worker woken up? The only door into RQ.

RQ jobs are doorbells: they carry no truth, so a lost, doubled or late one does no harm. The sweep rings
again for what a lost Redis forgot.
"""

from __future__ import annotations

import logging
from functools import lru_cache

import django_rq
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

from image2model.middleware import request_id_var
from image2model.ops import tracing

logger = logging.getLogger(__name__)

LOCAL, POST, WATCH, FAL = "local", "post", "watch", "fal"
QUEUES = (LOCAL, POST, WATCH, FAL)

# Queue: the task that its doorbell calls, by name, so that no web process imports a worker's code.
TASKS = {
    LOCAL: "jobs.tasks.drain_local",
    POST: "jobs.tasks.drain_post",
    WATCH: "jobs.tasks.watch",
    FAL: "jobs.tasks.drain_fal",
}
JOB_TIMEOUT = 900  # above our own deadlines, which end a generation with a reason
FAILURE_TTL = 86_400


class Bell:
    """Whether a doorbell was heard: None until the transaction has been committed."""

    rang: bool | None = None


def ring(queue: str) -> bool:
    """Wake a worker of this queue now; False when Redis cannot be reached."""
    try:
        with tracing.trace(f"ring {queue}", kind="PRODUCER"):
            find_queue(queue).enqueue(
                TASKS[queue], job_timeout=JOB_TIMEOUT, result_ttl=0, failure_ttl=FAILURE_TTL, meta=carry_context()
            )
    except RedisError as error:
        logger.warning("The queue %s could not be rung (%s); the sweep will ring again.", queue, error)
        return False
    return True


def carry_context() -> dict[str, str]:
    """What the worker's log lines and traces shall name: the request that rang."""
    return {"request_id": request_id_var.get(), **tracing.carry()}


def ring_after_commit(queue: str) -> Bell:
    """Wake a worker once the rows it will look for are committed."""
    bell = Bell()

    def ring_now() -> None:
        bell.rang = ring(queue)

    transaction.on_commit(ring_now)
    return bell


def has_bell(queue: str) -> bool:
    """Does an unanswered doorbell lie in the queue? An unreachable Redis has none."""
    try:
        return not find_queue(queue).is_empty()
    except RedisError:
        return False


@lru_cache(maxsize=len(QUEUES))
def find_queue(queue: str) -> Queue:
    return django_rq.get_queue(queue, connection=get_connection())


@lru_cache(maxsize=1)
def get_connection() -> Redis:
    """One client for the process. One try of one second: a web request must not hang on a Redis that does."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
