"""What can be done? The verbs: the only door to a job's state, for pages, API, admin, commands and workers."""

from jobs.services.cancel import cancel_generation, cancel_job
from jobs.services.cleanup import Cleanup, clean_up, clean_up_job
from jobs.services.delete import delete_generation, delete_job, delete_work_of
from jobs.services.engines import choose_engine, default_engine_id, offered_engines
from jobs.services.expiry import is_expired
from jobs.services.formats import request_formats
from jobs.services.idempotency import Idempotency, fingerprint
from jobs.services.images import StoredImage, Upload, store_images
from jobs.services.limits import active_limit, count_active, count_active_of_key, count_stored_bytes
from jobs.services.money import Budget, read_budget
from jobs.services.rates import Allowance, count_upload, upload_rate
from jobs.services.retry import requeue_generation, retry_generation, retry_job
from jobs.services.room import check_disk, storage_limit
from jobs.services.submit import (
    Item,
    Submission,
    Wishes,
    find_replay,
    find_stored_images,
    submit_job,
)
from jobs.services.uploads import arrange, check_wishes, fingerprint_uploads, keep_uploads, submit_uploads

__all__ = [
    "Allowance",
    "Budget",
    "Cleanup",
    "Idempotency",
    "Item",
    "StoredImage",
    "Submission",
    "Upload",
    "Wishes",
    "active_limit",
    "arrange",
    "cancel_generation",
    "cancel_job",
    "check_disk",
    "check_wishes",
    "choose_engine",
    "clean_up",
    "clean_up_job",
    "count_active",
    "count_active_of_key",
    "count_stored_bytes",
    "count_upload",
    "default_engine_id",
    "delete_generation",
    "delete_job",
    "delete_work_of",
    "find_replay",
    "find_stored_images",
    "fingerprint",
    "fingerprint_uploads",
    "is_expired",
    "keep_uploads",
    "offered_engines",
    "read_budget",
    "request_formats",
    "requeue_generation",
    "retry_generation",
    "retry_job",
    "storage_limit",
    "store_images",
    "submit_job",
    "submit_uploads",
    "upload_rate",
]
