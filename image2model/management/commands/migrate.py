"""``manage.py migrate``: Django's own, by one process at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand

from image2model.schema import hold_schema, run_patiently


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with hold_schema():
            run_patiently(lambda: super(Command, self).handle(*args, **options))
