"""Which words introduce the document of the API, and in which order does it show its parts?"""

from __future__ import annotations

DESCRIPTION = """\
Turns pictures into 3D models.

1. Make a key on the page [API keys](/accounts/keys/) and send it with every call: `Authorization: Bearer i2m_…`.
2. `POST /api/v1/upload` takes one or many `files` and answers with the `job_id`; each picture becomes a model.
3. `GET /api/v1/jobs/{job_id}/events` streams the progress until the job is over; a webhook can call you instead.
4. `GET /api/v1/jobs/{job_id}/download.zip` gives every model; `GET /api/v1/jobs/{job_id}` lists each file.

```sh
JOB=$(curl -s $HOST/api/v1/upload -H "$AUTH" -F files=@chair.png -F engine=local | python3 -c \\
  'import json, sys; print(json.load(sys.stdin)["job_id"])')
curl -sN $HOST/api/v1/jobs/$JOB/events -H "$AUTH"
curl -s $HOST/api/v1/jobs/$JOB/download.zip -H "$AUTH" -o models.zip
```

Every error has a stable `error_code`, a `message`, a `hint` with the next step, and the `request_id` that is also in
the server's log. 429 and 503 say in `Retry-After` when to come back. With an `Idempotency-Key`, what makes work can be
sent again without being made twice.
"""

# What most people look for comes first; what only staff may do, last.
TAGS = [
    {"name": "upload", "description": "Pictures in, a job out."},
    {"name": "images", "description": "Pictures that are stored once and used in many jobs."},
    {"name": "jobs", "description": "What was asked for: follow, cancel, run again, remove."},
    {"name": "generations", "description": "One model each, with its files and formats."},
    {"name": "streams", "description": "Live progress (server-sent events; the same frames at `/ws/jobs/{job_id}/`)."},
    {"name": "download", "description": "The files of a job."},
    {"name": "estimate", "description": "What it will cost and how long it takes."},
    {"name": "models", "description": "Engines, their options and prices."},
    {"name": "status", "description": "Progress under the names that older clients use."},
    {"name": "account", "description": "Limits and budget."},
    {"name": "keys", "description": "API keys."},
    {"name": "usage", "description": "What was spent."},
    {"name": "webhooks", "description": "Be called instead of asking."},
    {"name": "health", "description": "Is the server well?"},
    {"name": "admin", "description": "For staff."},
    {"name": "logs", "description": "For staff."},
]
