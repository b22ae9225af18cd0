"""What is kept? Jobs, their generations, and what belongs to them."""

from jobs.models.artifacts import Artifact, Conversion
from jobs.models.attempts import MAY_BE_PAID, Attempt, Submission
from jobs.models.events import Event
from jobs.models.generations import Generation, GenerationInput
from jobs.models.images import SourceImage
from jobs.models.jobs import ExpiredJob, Feed, IdempotencyKey, Job
from jobs.models.limits import KeyUploadWindow, UploadWindow
from jobs.models.processes import Lease, WorkerHeartbeat
from jobs.models.providers import LedgerEntry, Provider, Purse, RemoteCopy
from jobs.models.webhooks import JobWebhookSecret, Webhook, WebhookDelivery

__all__ = [
    "MAY_BE_PAID",
    "Artifact",
    "Attempt",
    "Conversion",
    "Event",
    "ExpiredJob",
    "Feed",
    "Generation",
    "GenerationInput",
    "IdempotencyKey",
    "Job",
    "JobWebhookSecret",
    "KeyUploadWindow",
    "Lease",
    "LedgerEntry",
    "Provider",
    "Purse",
    "RemoteCopy",
    "SourceImage",
    "Submission",
    "UploadWindow",
    "Webhook",
    "WebhookDelivery",
    "WorkerHeartbeat",
]
