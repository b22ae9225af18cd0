"""``manage.py sweep``: reconciliation once; with ``--check``, do rows and files agree?"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.services.check import GRACE, delete_orphans, find_faults
from jobs.services.sweep import sweep


class Command(BaseCommand):
    help = "Brings every accepted job on its way again and removes files that no row names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; name every fault; exit 1 if any")
        parser.add_argument(
            "--grace", type=int, default=int(GRACE.total_seconds()), metavar="SECONDS",
            help="files younger than this may still be on their way to a row",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta(seconds=options["grace"])
        if options["check"]:
            self._check(grace)
            return
        self.stdout.write(f"{sweep()}")
        self.stdout.write(f"{delete_orphans(grace=grace)} orphan files deleted.")

    def _check(self, grace: timedelta) -> None:
        faults = list(find_faults(grace=grace))
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults.")
        self.stdout.write("Rows and files agree.")
