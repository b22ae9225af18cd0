"""What do staff see and do? Facts to look at, and the same verbs that everybody else uses."""

from jobs.admin.attempts import AttemptAdmin
from jobs.admin.facts import ArtifactAdmin, ConversionAdmin, EventAdmin, SourceImageAdmin, WorkerAdmin
from jobs.admin.generations import GenerationAdmin
from jobs.admin.jobs import JobAdmin
from jobs.admin.providers import ProviderAdmin
from jobs.admin.spending import LedgerEntryAdmin
from jobs.admin.webhooks import WebhookAdmin, WebhookDeliveryAdmin

__all__ = [
    "ArtifactAdmin",
    "AttemptAdmin",
    "ConversionAdmin",
    "EventAdmin",
    "GenerationAdmin",
    "JobAdmin",
    "LedgerEntryAdmin",
    "ProviderAdmin",
    "SourceImageAdmin",
    "WebhookAdmin",
    "WebhookDeliveryAdmin",
    "WorkerAdmin",
]
