"""``manage.py worker_alive``: has the worker of this machine shown a sign of life? For a container's health check."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models.functions import Now

from jobs.models import WorkerHeartbeat

WITHIN = timedelta(seconds=90)


class Command(BaseCommand):
    requires_system_checks = []
    help = "Ends with 1 when no worker of this host has shown a sign of life lately."

    def handle(self, *args: Any, **options: Any) -> None:
        mine = WorkerHeartbeat.objects.filter(host=socket.gethostname(), beat_at__gt=Now() - WITHIN)
        if not mine.exists():
            raise CommandError(f"No worker of {socket.gethostname()} has shown a sign of life for {WITHIN.seconds} s.")
