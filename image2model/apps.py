"""The composition root as an app: its commands run the whole site, and what is told everywhere is connected here."""

from __future__ import annotations

import logging
import sys

from django.apps import AppConfig
from django.conf import settings

from image2model.ops import tracing
from image2model.ops.logs import name_process

logger = logging.getLogger(__name__)


class SiteConfig(AppConfig):
    name = "image2model"

    def ready(self) -> None:
        from image2model.ops import deployment  # noqa: F401 - its checks register themselves
        from image2model.ops.outcomes import note_end
        from jobs.models.generations import generation_ended

        generation_ended.connect(note_end)
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            start_traces()


def start_traces() -> None:
    """Work goes on without them."""
    try:
        tracing.start_tracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT, process=name_process(sys.argv))
    except tracing.MissingPackage as error:
        logger.warning("%s", error)
