"""``manage.py doctor``: what is wrong, one line for each fault; exit 1 if there is any."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand

from image2model.ops.doctor import find_faults


class Command(BaseCommand):
    requires_system_checks = []  # told among the other faults
    help = "Tries the configuration and everything that is needed. One line for each fault; exits with 1 if any."

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("image2model.ops").setLevel(logging.ERROR)  # each fault is told once, below
        faults = list(find_faults())
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            sys.exit(1)
        self.stdout.write("Everything works.")
