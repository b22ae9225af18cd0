"""Where do the pages of jobs lie?"""

from __future__ import annotations

from django.urls import URLPattern

from image2model.addresses import address
from jobs.views import files, generations, jobs, library, upload, webhooks

WEBHOOKS, WEBHOOK = "accounts/webhooks", "accounts/webhooks/<uuid:webhook_id>"
JOB, GENERATION = "jobs/<uuid:job_id>", "generations/<uuid:generation_id>"

urlpatterns: list[URLPattern] = [
    *address("upload", upload.upload, "upload"),
    *address("models", library.show_library, "library"),
    *address("models/selection", library.act_on_many, "library_bulk"),
    *address(JOB, jobs.show_job, "job"),
    *address(f"{JOB}/cancel", jobs.cancel, "job_cancel"),
    *address(f"{JOB}/retry", jobs.retry, "job_retry"),
    *address(f"{JOB}/local", jobs.switch, "job_local"),
    *address(f"{JOB}/delete", jobs.delete, "job_delete"),
    *address(f"{JOB}/again", upload.run_job_again, "job_again"),
    *address(f"{JOB}/zip", files.send_job_zip, "job_zip"),
    *address(GENERATION, generations.show_generation, "generation"),
    *address(f"{GENERATION}/cancel", generations.cancel, "generation_cancel"),
    *address(f"{GENERATION}/retry", generations.retry, "generation_retry"),
    *address(f"{GENERATION}/local", generations.switch, "generation_local"),
    *address(f"{GENERATION}/delete", generations.delete, "generation_delete"),
    *address(f"{GENERATION}/again", upload.run_generation_again, "generation_again"),
    *address(f"{GENERATION}/formats", generations.formats, "generation_formats"),
    *address(f"{GENERATION}/zip", files.send_generation_zip, "generation_zip"),
    *address(f"{GENERATION}/preview", files.send_preview, "generation_preview"),
    *address("artifacts/<uuid:artifact_id>", files.send_artifact, "artifact"),
    *address("pictures/<uuid:image_id>", files.send_picture, "picture"),
    *address("pictures/<uuid:image_id>/thumbnail", files.send_thumbnail, "thumbnail"),
    *address(WEBHOOKS, webhooks.show_webhooks, "webhooks"),
    *address(f"{WEBHOOKS}/deliveries", webhooks.show_deliveries, "webhooks_deliveries"),
    *address(f"{WEBHOOKS}/deliveries/<uuid:delivery_id>/replay", webhooks.replay, "webhook_replay"),
    *address(f"{WEBHOOKS}/job-secret", webhooks.rotate_job_secret, "webhooks_job_secret"),
    *address(WEBHOOK, webhooks.show_webhook, "webhook"),
    *address(f"{WEBHOOK}/delete", webhooks.delete_webhook, "webhook_delete"),
    *address(f"{WEBHOOK}/deliveries", webhooks.show_deliveries, "webhook_deliveries"),
    *address(f"{WEBHOOK}/rotate", webhooks.rotate_secret, "webhook_rotate"),
    *address(f"{WEBHOOK}/test", webhooks.send_test, "webhook_test"),
]
