"""What can each engine do? Prints docs/engines.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from jobs.catalog.document import write_document


class Command(BaseCommand):
    help = "Print all engines with their options, prices and licences, in Markdown."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(write_document(), ending="")
