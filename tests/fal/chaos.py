"""Workers that die at named steps: how does every generation end? Run as a program, with a database of its own.

``python -m tests.fal.chaos submit.sending,collect.after_save`` kills at each of these failure points once;
``python -m tests.fal.chaos 200 --seed 7`` lets each point strike by chance, several times in a run. Each run is one
line of JSON. The workers are forks of this program, all roles in one process; when one has died, time is taken to
have passed, so that its leases have run out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import django

CHANCE = 0.12
MOST_DEATHS = 6  # of one run; after that its workers live
QUIET_SECONDS = 1.5  # without any change: what is still open waits for a person
RUN_SECONDS = 180.0
PICTURES = 2

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.models import F  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from accounts.models import User  # noqa: E402
from jobs import catalog, finisher  # noqa: E402
from jobs.failpoints import FAL_POINTS  # noqa: E402
from jobs.fal import drain, follower, watching  # noqa: E402
from jobs.models import Attempt, Generation, Job, LedgerEntry  # noqa: E402
from jobs.services.fal import pacing, provider  # noqa: E402
from jobs.services.sweep import sweep  # noqa: E402
from jobs.states import ACTIVE  # noqa: E402
from tests.factories import make_job  # noqa: E402

ENGINE = "tripo-v2.5"


def prepare() -> User:
    call_command("migrate", verbosity=0)
    entry = catalog.ENGINES[ENGINE]
    catalog.ENGINES[ENGINE] = type(entry)(**{**vars(entry), "typical_seconds": 1})
    pacing.QUICK, pacing.FIRST_SHARE, follower.TICK_SECONDS = 0.1, 0.1, 0.05
    provider.publish_offer()
    return User.objects.get_or_create(email="chaos@example.org")[0]


def run(owner: User, *, number: int, plans: list[str]) -> dict[str, Any]:
    """One job with workers that follow these plans of failure, and then with workers that live."""
    begin = time.monotonic()
    job = make_job(owner, engine=ENGINE, pictures=PICTURES, first=number * PICTURES, formats=["stl"])
    deaths: list[str] = []
    for plan in [*plans, ""]:
        if not fork_worker(job, plan, seed=number * 100 + len(deaths)):
            deaths.append(plan)
            let_time_pass(job)
        if is_over(job):
            break
    return describe(job, deaths=len(deaths), seconds=time.monotonic() - begin)


def fork_worker(job: Job, plan: str, *, seed: int) -> bool:
    """A worker of all queues until the job is over; did it live?"""
    connections.close_all()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        if plan:
            os.environ.update(FAILPOINTS=plan, FAILPOINTS_SEED=str(seed))
        work(job)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def work(job: Job) -> None:
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(watching.follow(over)))
    thread.start()
    end, quiet, seen = time.monotonic() + RUN_SECONDS, time.monotonic(), -1
    while not is_over(job) and time.monotonic() < end:
        drain.drain("chaos-worker")
        finisher.drain()
        sweep()
        version = Job.objects.values_list("version", flat=True).get(pk=job.pk)
        if version != seen:
            seen, quiet = version, time.monotonic()
        elif time.monotonic() - quiet > QUIET_SECONDS:
            Attempt.objects.filter(submission="unknown").update(sent_at=F("sent_at") - timedelta(hours=1))
        time.sleep(0.02)  # the pace of asking
    over.set()
    thread.join()
    connections.close_all()


def let_time_pass(job: Job) -> None:
    """So much that every lease of the dead has run out, and the answer to every POST would be here."""
    past = Now() - timedelta(seconds=1)
    Generation.objects.filter(job=job, lease_until__isnull=False).update(lease_until=past)
    attempts = Attempt.objects.filter(generation__job=job)
    attempts.filter(lease_until__isnull=False).update(lease_until=past)
    attempts.filter(submission="sending").update(sent_at=F("sent_at") - timedelta(seconds=200))


def is_over(job: Job) -> bool:
    """Every generation has ended, or waits for a person and says so."""
    open_ones = Generation.objects.filter(job=job, status__in=ACTIVE)
    return not open_ones.exclude(stage="submit_unknown", waiting_reason="needs_decision").exists()


def describe(job: Job, *, deaths: int, seconds: float) -> dict[str, Any]:
    generations = list(Generation.objects.filter(job=job).order_by("position"))
    attempts = Attempt.objects.filter(generation__job=job)
    return {
        "job": str(job.pk),
        "states": [entry.status if entry.status != "processing" else entry.waiting_reason for entry in generations],
        "errors": [entry.error_code for entry in generations],
        "tokens": [str(token) for token in attempts.values_list("token", flat=True)],
        "attempts": attempts.count(),
        "ledger": [read_ledger(generation) for generation in generations],
        "deaths": deaths,
        "seconds": round(seconds, 2),
    }


def read_ledger(generation: Generation) -> list[str]:
    """What is held or spent for it: an amount that was given back is not told."""
    rows = LedgerEntry.objects.filter(generation_id=generation.pk).exclude(state=LedgerEntry.State.RELEASED)
    return [f"{row.state} {row.amount:.2f}" for row in rows]


def plan_each(points: list[str]) -> list[list[str]]:
    return [[f"{point}:1"] for point in points]


def plan_by_chance(runs: int, seed: int) -> list[list[str]]:
    dice = random.Random(seed)
    everywhere = ",".join(f"{point}:{CHANCE}" for point in FAL_POINTS)
    return [[everywhere] * dice.randint(1, MOST_DEATHS) for _ in range(runs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", help="how many, or names of failure points")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    owner = prepare()
    by_chance = arguments.runs.isdigit()
    plans = plan_by_chance(int(arguments.runs), arguments.seed) if by_chance else plan_each(arguments.runs.split(","))
    with suppress(BrokenPipeError):
        for number, plan in enumerate(plans):
            told = {"plan": plan[0][:40], **run(owner, number=arguments.seed * 1000 + number, plans=plan)}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
