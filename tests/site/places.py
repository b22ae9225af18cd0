"""To which kind of place does each address lead? A new address belongs here, or ``test_walk`` fails."""

from __future__ import annotations

import re
from enum import StrEnum


class Place(StrEnum):
    """Who may come, and what the others are told."""

    OPEN = "open"  # everybody, and nothing of anybody is shown
    TOKEN = "token"  # whoever holds the token of the address
    PAGE = "page"  # the signed-in; each sees their own
    PAGE_OF_OBJECT = "page of an object"  # its owner; 404 for others
    API = "api"  # keys and sessions; each sees their own
    API_THAT_READS = "api that reads"  # a POST that changes nothing
    API_OF_OBJECT = "api of an object"  # its owner; 404 for others, staff included
    API_FOR_STAFF = "api for staff"
    PAGE_FOR_STAFF = "page for staff"  # 404 for others
    ADMIN = "admin"  # staff
    ADMIN_DATA = "admin data"  # staff; 401 for others


PLACES: dict[Place, list[str]] = {
    Place.OPEN: [
        "",
        "accounts/login/",
        "accounts/login/code/",
        "accounts/logout/",
        "accounts/password/reset/",
        "accounts/password/reset/sent/",
        "accounts/signup/",
        "admin/login/",
        "admin/logout/",
        "api/docs",
        "api/redoc",
        "api/schema",
        "api/v1/health",
        "api/v1/health/detailed",
        "api/v1/health/liveness",
        "api/v1/health/metrics",
        "api/v1/health/readiness",
        "health",
    ],
    Place.TOKEN: ["accounts/password/reset/<uidb64>/<token>/", "api/v1/webhooks/fal/<str:token>"],
    Place.PAGE: [
        "accounts/",
        "accounts/delete/",
        "accounts/keys/",
        "accounts/password/",
        "accounts/password/done/",
        "accounts/security/",
        "accounts/security/sessions/end/",
        "accounts/security/two-factor/",
        "accounts/security/two-factor/off/",
        "accounts/webhooks",
        "accounts/webhooks/deliveries",
        "accounts/webhooks/job-secret",
        "models",
        "models/selection",
        "upload",
    ],
    Place.PAGE_OF_OBJECT: [
        "accounts/keys/<uuid:key_id>/revoke/",
        "accounts/security/sessions/<str:session>/end/",
        "accounts/webhooks/<uuid:webhook_id>",
        "accounts/webhooks/<uuid:webhook_id>/delete",
        "accounts/webhooks/<uuid:webhook_id>/deliveries",
        "accounts/webhooks/<uuid:webhook_id>/rotate",
        "accounts/webhooks/<uuid:webhook_id>/test",
        "accounts/webhooks/deliveries/<uuid:delivery_id>/replay",
        "artifacts/<uuid:artifact_id>",
        "generations/<uuid:generation_id>",
        "generations/<uuid:generation_id>/again",
        "generations/<uuid:generation_id>/cancel",
        "generations/<uuid:generation_id>/delete",
        "generations/<uuid:generation_id>/formats",
        "generations/<uuid:generation_id>/local",
        "generations/<uuid:generation_id>/preview",
        "generations/<uuid:generation_id>/retry",
        "generations/<uuid:generation_id>/zip",
        "jobs/<uuid:job_id>",
        "jobs/<uuid:job_id>/again",
        "jobs/<uuid:job_id>/cancel",
        "jobs/<uuid:job_id>/delete",
        "jobs/<uuid:job_id>/local",
        "jobs/<uuid:job_id>/retry",
        "jobs/<uuid:job_id>/zip",
        "pictures/<uuid:image_id>",
        "pictures/<uuid:image_id>/thumbnail",
    ],
    Place.API: [
        "api/v1/account",
        "api/v1/images",
        "api/v1/jobs",
        "api/v1/keys",
        "api/v1/models/available",
        "api/v1/models/generate",
        "api/v1/upload",
        "api/v1/upload/image",
        "api/v1/usage",
        "api/v1/webhooks",
        "api/v1/webhooks/deliveries",
        "api/v1/webhooks/job-secret/rotate",
    ],
    Place.API_THAT_READS: ["api/v1/estimate"],
    Place.API_OF_OBJECT: [
        "api/v1/download/<str:job_id>/<str:filename>",
        "api/v1/download/<str:job_id>/all",
        "api/v1/generations/<str:generation_id>",
        "api/v1/generations/<str:generation_id>/cancel",
        "api/v1/generations/<str:generation_id>/formats",
        "api/v1/generations/<str:generation_id>/retry",
        "api/v1/images/<str:file_id>/original",
        "api/v1/images/<str:file_id>/thumbnail",
        "api/v1/jobs/<str:job_id>",
        "api/v1/jobs/<str:job_id>/cancel",
        "api/v1/jobs/<str:job_id>/download.zip",
        "api/v1/jobs/<str:job_id>/retry",
        "api/v1/keys/<str:key_id>",
        "api/v1/status/jobs/<str:job_id>/progress",
        "api/v1/status/tasks/<str:task_id>/status",
        "api/v1/webhooks/<str:webhook_id>",
        "api/v1/webhooks/<str:webhook_id>/deliveries",
        "api/v1/webhooks/<str:webhook_id>/rotate",
        "api/v1/webhooks/<str:webhook_id>/test",
        "api/v1/webhooks/deliveries/<str:delivery_id>/replay",
    ],
    Place.API_FOR_STAFF: [
        "api/v1/admin/cleanup",
        "api/v1/admin/cleanup-job",
        "api/v1/admin/delete-job/<str:job_id>",
        "api/v1/admin/disk-usage",
        "api/v1/admin/list-files",
        "api/v1/admin/system-health",
        "api/v1/logs/analyze",
        "api/v1/logs/health",
        "api/v1/logs/summary/daily",
    ],
    Place.PAGE_FOR_STAFF: ["styleguide/"],
    Place.ADMIN: [
        "admin/",
        "admin/(?P<url>.*)$",
        "admin/^<app_label>/$",
        "admin/accounts/user/<id>/password/",
        "admin/autocomplete/",
        "admin/jobs/attempt/<int:attempt_id>/give-up/",
        "admin/jobs/attempt/<int:attempt_id>/it-ran/",
        "admin/jobs/attempt/<int:attempt_id>/send-again/",
        "admin/jobs/generation/preview/<uuid:artifact_id>",
        "admin/jobs/provider/<str:name>/reset/",
        "admin/jobs/sourceimage/thumbnail/<uuid:image_id>",
        "admin/jsi18n/",
        "admin/operations/",
        "admin/operations/test/",
        "admin/password_change/",
        "admin/password_change/done/",
        *(f"admin/django_rq/dashboard/{path}" for path in (
            "cron-schedulers/<int:connection_index>/<str:scheduler_name>/",
            "cron-schedulers/<int:connection_index>/<str:scheduler_name>/jobs/<path:cron_job_name>/",
            "queues/<int:queue_index>/",
            "queues/<int:queue_index>/<str:job_id>/",
            "queues/<int:queue_index>/<str:job_id>/delete/",
            "queues/<int:queue_index>/<str:job_id>/enqueue/",
            "queues/<int:queue_index>/<str:job_id>/requeue/",
            "queues/<int:queue_index>/<str:job_id>/results/<str:result_id>/",
            "queues/<int:queue_index>/<str:job_id>/stop/",
            "queues/<int:queue_index>/deferred/",
            "queues/<int:queue_index>/details/",
            "queues/<int:queue_index>/empty/",
            "queues/<int:queue_index>/failed/",
            "queues/<int:queue_index>/failed/clear/",
            "queues/<int:queue_index>/finished/",
            "queues/<int:queue_index>/requeue-all/",
            "queues/<int:queue_index>/scheduled/",
            "queues/<int:queue_index>/started/",
            "queues/actions/<int:queue_index>/",
            "queues/confirm-action/<int:queue_index>/",
            "schedulers/<int:scheduler_index>/",
            "workers/<int:queue_index>/",
            "workers/<int:queue_index>/<str:key>/",
        )),
    ],
    Place.ADMIN_DATA: [
        "admin/django_rq/dashboard/^metrics/?$",
        "admin/django_rq/dashboard/^stats.json/(?P<token>[\\w]+)?/?$",
        "admin/django_rq/dashboard/^stats.json/?$",
    ],
}  # fmt: skip

# Each has a list and, unless it has no rows, pages to add, show, change and delete one, and its history.
ADMIN_MODELS = {
    "accounts": ("apikey", "loginfailure", "user"),
    "auth": ("group",),
    "django_rq": ("dashboard",),
    "jobs": (
        "artifact", "attempt", "conversion", "event", "generation", "job", "ledgerentry", "provider", "sourceimage",
        "webhook", "webhookdelivery", "workerheartbeat",
    ),
}  # fmt: skip
OF_ROWS = ("add/", *(f"<path:object_id>/{verb}" for verb in ("", "change/", "delete/", "history/")))
PLACES[Place.ADMIN] += [
    f"admin/{app}/{model}/{path}"
    for app, models in ADMIN_MODELS.items()
    for model in models
    for path in ("", *(OF_ROWS if model != "dashboard" else ()))
]

PLACE_OF = {route: place for place, routes in PLACES.items() for route in routes}

STREAMS = {  # server-sent events and websockets: answered before Django's addresses are looked at
    "api/v1/events": Place.API,
    "api/v1/jobs/<job_id>/events": Place.API_OF_OBJECT,
    "api/v1/status/tasks/<task_id>/stream": Place.API_OF_OBJECT,
    r"^ws/jobs/?$": Place.API,
    r"^ws/jobs/(?P<job_id>[^/]+)/?$": Place.API_OF_OBJECT,
    r"^": Place.OPEN,  # there is nothing
}
NAME_OF_OBJECT = re.compile(r"<(?:\w+:)?\w+>")
