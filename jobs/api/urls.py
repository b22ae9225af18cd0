"""Where does every address of the API about jobs lead? Each works with and without a slash at its end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from django.http.response import HttpResponseBase

from image2model.addresses import both_forms
from jobs.api.views import account, downloads, engines, generations, hooks, jobs, status, uploads, usage, webhooks

View = Callable[..., HttpResponseBase]

ADDRESSES: dict[str, View] = {
    "upload": uploads.UploadView.as_view(),
    "upload/image": uploads.UploadImageView.as_view(),
    "images": uploads.ImagesView.as_view(),
    "images/<str:file_id>/thumbnail": downloads.ThumbnailView.as_view(),
    "images/<str:file_id>/original": downloads.OriginalView.as_view(),
    "jobs": jobs.JobsView.as_view(),
    "jobs/<str:job_id>": jobs.OneJobView.as_view(),
    "jobs/<str:job_id>/cancel": jobs.JobCancelView.as_view(),
    "jobs/<str:job_id>/retry": jobs.JobRetryView.as_view(),
    "jobs/<str:job_id>/download.zip": jobs.JobZipView.as_view(),
    "generations/<str:generation_id>": generations.GenerationView.as_view(),
    "generations/<str:generation_id>/cancel": generations.GenerationCancelView.as_view(),
    "generations/<str:generation_id>/retry": generations.GenerationRetryView.as_view(),
    "generations/<str:generation_id>/formats": generations.FormatsView.as_view(),
    "estimate": engines.EstimateView.as_view(),
    "status/tasks/<str:task_id>/status": status.TaskStatusView.as_view(),
    "status/jobs/<str:job_id>/progress": status.JobProgressView.as_view(),
    "download/<str:job_id>/all": downloads.DownloadAllView.as_view(),
    "download/<str:job_id>/<str:filename>": downloads.DownloadFileView.as_view(),
    "models/available": engines.EnginesView.as_view(),
    "webhooks/fal/<str:token>": webhooks.FalWebhookView.as_view(),
    "webhooks": hooks.WebhooksView.as_view(),
    "webhooks/deliveries": hooks.DeliveriesView.as_view(),
    "webhooks/deliveries/<str:delivery_id>/replay": hooks.ReplayView.as_view(),
    "webhooks/job-secret/rotate": hooks.JobSecretView.as_view(),
    "webhooks/<str:webhook_id>": hooks.OneWebhookView.as_view(),
    "webhooks/<str:webhook_id>/deliveries": hooks.WebhookDeliveriesView.as_view(),
    "webhooks/<str:webhook_id>/rotate": hooks.WebhookSecretView.as_view(),
    "webhooks/<str:webhook_id>/test": hooks.WebhookTestView.as_view(),
    "models/generate": engines.GenerateView.as_view(),
    "account": account.AccountView.as_view(),
    "usage": usage.UsageView.as_view(),
}

urlpatterns = list(chain.from_iterable(both_forms(route, view) for route, view in ADDRESSES.items()))
