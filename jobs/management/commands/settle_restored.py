"""``manage.py settle_restored``: after a backup was put back and before any worker starts. See docs/backup.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.services.check import delete_orphans, find_faults
from jobs.services.restore import settle_after_restore
from jobs.services.sweep import sweep


class Command(BaseCommand):
    help = "Makes sure that nothing is paid for twice, removes files that no row names, and compares rows and files."

    def handle(self, *args: Any, **options: Any) -> None:
        settled = settle_after_restore()
        self.stdout.write(f"{settled.ended} generations may have been sent since the backup: ended, to be run again.")
        self.stdout.write(f"{settled.unknown} were being sent: FAL's history will tell.")
        sweep()
        self.stdout.write(f"{delete_orphans(grace=timedelta())} files without a row are gone.")
        faults = list(find_faults(grace=timedelta()))
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults.")
        self.stdout.write("Rows and files agree.")
