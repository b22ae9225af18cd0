"""The composition root as an app: its commands run the whole site, and what is told everywhere is connected here."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "image2model"

    def ready(self) -> None:
        from image2model.ops import deployment  # noqa: F401 - its checks register themselves
        from image2model.ops.outcomes import note_end
        from jobs.models.generations import generation_ended

        generation_ended.connect(note_end)
