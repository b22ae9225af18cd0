"""``manage.py change_schema``: the schema's way from one release to the next, while the old one runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from image2model.schema import expand, find_contracting, is_empty, list_open_migrations


class Command(BaseCommand):
    help = "Expands the schema for a new release; contracts it when the old one is gone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        step = parser.add_mutually_exclusive_group(required=True)
        step.add_argument(
            "--check", action="store_true", help="refuse what old code could not live with; changes nothing"
        )
        step.add_argument(
            "--expand", action="store_true", help="what the new release needs and the old one need not know"
        )
        step.add_argument("--contract", action="store_true", help="everything else, when no old process is left")

        parser.add_argument("--note", type=Path, help="with --contract: the file that then names what was brought")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["expand"]:
            self._tell(expand())
        else:
            names = [f"{migration.app_label}.{migration.name}" for migration in list_open_migrations()]
            call_command("migrate", verbosity=0)
            if options["note"] and names:
                options["note"].write_text("\n".join(names))
            self._tell(names)

    def _check(self) -> None:
        faults = [] if is_empty() else find_contracting()
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(
                "Old code could not run beside this: split it, or say `contracts = True` in the migration."
            )
        self.stdout.write(f"{len(list_open_migrations())} open migrations; old code can live with what runs beside it.")

    def _tell(self, names: list[str]) -> None:
        self.stdout.write("\n".join(names) or "Nothing to do.")
