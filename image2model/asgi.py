"""How do requests come in? HTTP to Django, event streams and websockets to the live side."""

from __future__ import annotations

import logging
import os
from typing import cast

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import get_resolver, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "image2model.settings")
django.setup(set_prefix=False)  # before the imports below: they need the app registry

from image2model.handler import Handler  # noqa: E402
from image2model.misspelt import find_misspelt  # noqa: E402
from image2model.ops.alive import Alive  # noqa: E402
from image2model.ops.beating import Lifespan, beat_under_daphne  # noqa: E402
from image2model.ops.recording import Recorder  # noqa: E402
from jobs.api.admission import Admission  # noqa: E402
from jobs.live import EventStreams, JobConsumer, JobsConsumer, NowhereConsumer, Waiting  # noqa: E402
from jobs.live.sse import App  # noqa: E402

if "SUPERVISOR_PIPE_FD" not in os.environ:  # under bin/up, the supervisor has told it once
    for line in find_misspelt(os.environ):
        logging.getLogger(__name__).warning(line)

websocket_urls = [
    re_path(r"^ws/jobs/?$", JobsConsumer.as_asgi()),
    re_path(r"^ws/jobs/(?P<job_id>[^/]+)/?$", JobConsumer.as_asgi()),
    re_path(r"^", NowhereConsumer.as_asgi()),
]
django_application = Handler()
http_application = Recorder(Alive(EventStreams(Admission(Waiting(cast(App, django_application))))))
application = ProtocolTypeRouter(
    {"http": http_application, "websocket": URLRouter(websocket_urls), "lifespan": Lifespan()}
)
beat_under_daphne()
get_resolver().url_patterns  # noqa: B018 - every view is loaded before the first health check is answered
