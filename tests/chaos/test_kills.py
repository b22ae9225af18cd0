"""Is every accepted picture turned into a model, whoever is killed at whatever moment?

``CHAOS_SEED`` replays a run: the seed is printed with each failure.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.factories import make_picture
from tests.running import Product, run_product, upload, wait_for_job, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]

VICTIMS = ("uvicorn", "work local", "work local horse", "work watch", "valkey-server")
KILLS = 10
PICTURES = 25


def find_victims(product: Product, who: str) -> list[int]:
    """A work horse is a child of its worker and has the same command line."""
    if who.startswith("valkey"):
        return [pid for pid, command in product.processes().items() if "valkey" in command and "work" not in command]
    found = product.find("work local" if who.endswith("horse") else who)
    children = [pid for pid in found if read_parent(pid) in found]
    return children if who.endswith("horse") else [pid for pid in found if pid not in children]


def read_parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def kill_somebody(product: Product, chance: random.Random, who: str) -> str:
    victims = find_victims(product, who)
    if not victims:
        return f"{who}: nobody there"
    victim = chance.choice(victims)
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return f"{who}: gone"
    return f"{who}: {victim}"


def test_ten_kills_during_a_job_of_25(tmp_path):
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    chance = random.Random(seed)
    pictures = []
    for number in range(PICTURES):
        path = tmp_path / f"blob-{number}.png"
        path.write_bytes(make_picture(number))
        pictures.append(path)
    with run_product(tmp_path / "data") as product:
        with product.client() as client:
            job_id = upload(client, pictures)["job_id"]
            schedule = []
            order = [VICTIMS[number % len(VICTIMS)] for number in range(KILLS)]
            chance.shuffle(order)
            for who in order:
                time.sleep(chance.uniform(0.1, 1.5))  # the random moment, drawn from the seed
                schedule.append(kill_somebody(product, chance, who))
            said = f"seed {seed}: {schedule}"
            job = wait_for_job(client, job_id, seconds=180)
        assert job["counts"]["completed"] == PICTURES, f"{said} {job['counts']}"
        wait_until(lambda: product.manage("sweep", check=False).returncode == 0, what=f"a sweep; {said}")
        check = product.manage("sweep", "--check", "--grace", "0", check=False)
        assert (check.returncode, check.stderr) == (0, ""), said
        assert any(not entry.endswith(("gone", "there")) for entry in schedule), said
