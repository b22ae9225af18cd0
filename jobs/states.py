"""Which states exist, and which may follow which? Nothing else."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The closed set of states that a job and a generation share."""

    QUEUED = "queued"  # waits for its turn
    PROCESSING = "processing"  # a worker or the engine has it
    COMPLETED = "completed"  # its model is stored
    FAILED = "failed"  # ended without a model; says why
    CANCELLED = "cancelled"  # ended by a person


class Stage(StrEnum):
    """Finer detail of a generation, in words for people."""

    WAITING = "waiting"
    PREPARING = "preparing"
    UPLOADING = "uploading"
    SUBMITTED = "submitted"
    SUBMIT_UNKNOWN = "submit_unknown"
    IN_ENGINE_QUEUE = "in_engine_queue"
    GENERATING = "generating"
    DOWNLOADING = "downloading"
    POSTPROCESSING = "postprocessing"
    DONE = "done"


class WaitingReason(StrEnum):
    """Why a queued generation is not running yet."""

    QUEUE = "queue"
    ENGINE_BUSY = "engine_busy"
    ENGINE_PAUSED = "engine_paused"
    BUDGET = "budget"
    STORAGE_FULL = "storage_full"
    NEEDS_DECISION = "needs_decision"


ACTIVE = frozenset({Status.QUEUED, Status.PROCESSING})
TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

# Target: the states it may be reached from.
SOURCES: dict[Status, frozenset[Status]] = {
    Status.PROCESSING: frozenset({Status.QUEUED}),  # claimed
    Status.COMPLETED: frozenset({Status.PROCESSING, Status.FAILED}),  # failed: a result that came after our deadline
    Status.FAILED: frozenset({Status.QUEUED, Status.PROCESSING}),
    Status.CANCELLED: frozenset({Status.QUEUED, Status.PROCESSING}),
    # handed back after a lost worker; or an explicit retry
    Status.QUEUED: frozenset({Status.PROCESSING, Status.FAILED, Status.CANCELLED}),
}


def derive_job_status(counts: dict[Status, int], *, cancelled: bool) -> Status:
    """The state of a job from how many of its generations are in which state.

    ``cancelled``: a person ended the job as a whole.
    """
    if any(counts[status] for status in ACTIVE):
        waiting_only = counts[Status.QUEUED] == sum(counts.values())
        return Status.QUEUED if waiting_only else Status.PROCESSING
    if counts[Status.COMPLETED]:
        return Status.COMPLETED
    return Status.CANCELLED if cancelled or not counts[Status.FAILED] else Status.FAILED
