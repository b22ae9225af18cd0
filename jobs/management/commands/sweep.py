"""``manage.py sweep``: reconciliation once; ``--check``: do rows and files agree? ``--repair``: fetch from FAL what is
lost here; ``--older-than``: old things go."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.fal.repairing import repair_files
from jobs.services.check import GRACE, delete_orphans, find_faults
from jobs.services.cleanup import clean_up
from jobs.services.sweep import sweep


class Command(BaseCommand):
    help = "Brings every accepted job on its way again and removes files that no row names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; name every fault; exit 1 if any")
        parser.add_argument(
            "--repair", action="store_true",
            help="models of FAL's that are lost or changed here are downloaded again; nothing is sent or paid; "
            "exit 1 where one cannot be had",
        )  # fmt: skip
        parser.add_argument(
            "--grace", type=int, default=int(GRACE.total_seconds()), metavar="SECONDS",
            help="files younger than this may still be on their way to a row",
        )  # fmt: skip
        parser.add_argument(
            "--older-than", type=int, metavar="DAYS",
            help="delete jobs that ended so many days ago with all their files, and pictures that no job uses",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="with --older-than: only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta(seconds=options["grace"])
        if options["check"]:
            self._check(grace)
            return
        if options["repair"]:
            self._repair()
            return
        if options["older_than"] is not None:
            self._clean_up(timedelta(days=options["older_than"]), dry_run=options["dry_run"])
            return
        self.stdout.write(f"{sweep()}")
        self.stdout.write(f"{delete_orphans(grace=grace)} orphan files deleted.")

    def _clean_up(self, age: timedelta, *, dry_run: bool) -> None:
        done = clean_up(older_than=age, dry_run=dry_run, actor="sweep")
        went = "would go" if dry_run else "are gone"
        self.stdout.write(f"{done.jobs} jobs, {done.files} files and {done.freed_bytes:,} bytes {went}.")
        if done.jobs_left:
            self.stdout.write(f"{done.jobs_left} more jobs are as old: run it again.")
        if done.errors:
            raise CommandError("\n".join(done.errors))

    def _check(self, grace: timedelta) -> None:
        faults = list(find_faults(grace=grace))
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults.")
        self.stdout.write("Rows and files agree.")

    def _repair(self) -> None:
        done = repair_files()
        for repair in done:
            self.stdout.write(f"{repair.path}: {repair.trouble or 'whole again'}")
        lost = sum(bool(repair.trouble) for repair in done)
        self.stdout.write(f"{len(done) - lost} files are whole again.")
        if lost:
            raise CommandError(f"{lost} could not be had.")
