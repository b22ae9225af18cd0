"""What if everything goes wrong, one thing after another, at random? Three clients at work, a fault every few seconds.

``python -m tests.chaos.nemesis MINUTES [--seed N] [--postgres]`` prints its seed first; a seed gives the same faults
in the same order. ``bin/test --nemesis MINUTES`` does the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from jobs.failpoints import POINTS
from tests.chaos.checker import Evidence, judge
from tests.chaos.client import Caller, History
from tests.chaos.running import run_stack
from tests.chaos.stack import WORKERS, Stack

PAUSE_SECONDS = (5.0, 12.0)  # between two faults
FAULT_SECONDS = (1.0, 6.0)  # of those that last
SETTLE_SECONDS = 180.0  # without any movement
FORGIVEN = ("provider_unreachable",)  # a result whose download broke off five times
ENGINES = ("local", "tripo-v2.5", "tripo-v2.5")
FAL_WEATHER: tuple[dict[str, Any], ...] = (
    {"kind": "answer", "status": 500}, {"kind": "answer", "status": 503}, {"kind": "reset"}, {"kind": "close"},
    {"kind": "delay", "seconds": 3.0},
)  # fmt: skip
NETWORK: tuple[dict[str, Any], ...] = (
    {"down": True}, {"black_hole": True}, {"reset": True}, {"latency": 0.3, "jitter": 0.3}, {"limit_data": 200},
    {"bandwidth": 20_000}, {"slice_bytes": 40, "latency": 0.002},
)  # fmt: skip


class Clients:
    """Three people who upload, look, download, convert, retry, cancel and delete until they are told to stop."""

    def __init__(self, stack: Stack, history: History) -> None:
        self.stack, self.history = stack, history
        self.is_over = threading.Event()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(3)]
        keys = [stack.make_key(f"client{number}") for number in range(3)]
        self._callers = [
            Caller(name=f"client{number}", url=stack.url, api_key=key, history=history, patience=150.0)
            for number, key in enumerate(keys)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.is_over.set()
        for thread in self._threads:
            thread.join()
        for caller in self._callers:
            caller.close()

    def _work(self, number: int) -> None:
        caller, dice = self._callers[number], random.Random(self.stack.seed * 10 + number)
        jobs: list[str] = []
        picture = (self.stack.seed * 10 + number) * 100_000
        try:
            while not self.is_over.is_set():
                size = dice.randint(1, 3)
                said = caller.send(range(picture, picture + size), engine=dice.choice(ENGINES))
                picture += size
                if said.status == 200:
                    jobs.append(said.body["job_id"])
                self._look_around(caller, dice, jobs)
                self.is_over.wait(dice.uniform(0.5, 4.0))
        except AssertionError as error:
            self.failures.append(f"{caller.name}: {error}")

    def _look_around(self, caller: Caller, dice: random.Random, jobs: list[str]) -> None:
        for job_id in dice.sample(jobs, min(3, len(jobs))):
            job = caller.look(job_id)
            if job and job["status"] == "completed":
                caller.download_some(dice, job)
        if len(jobs) > 3 and dice.random() < 0.15:
            caller.insist("DELETE", f"/api/v1/jobs/{jobs.pop(dice.randrange(len(jobs)))}")
        if jobs and dice.random() < 0.1:
            caller.call("POST", f"/api/v1/jobs/{dice.choice(jobs)}/cancel")
        if jobs and dice.random() < 0.1:
            self._convert(caller, dice.choice(jobs))

    def _convert(self, caller: Caller, job_id: str) -> None:
        job = caller.look(job_id)
        if job and job["status"] == "completed":
            caller.call("POST", f"/api/v1/generations/{job['generations'][0]['id']}/formats", json={"formats": ["stl"]})


class Nemesis:
    """Draws faults from the seed alone, so that the same seed does the same."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.dice = stack, random.Random(stack.seed)
        self.done: Counter[str] = Counter()
        self.faults: list[Callable[[], object]] = [
            self.kill_somebody, self.kill_somebody, self.freeze_somebody, self.strike_at_a_point,
            self.strike_at_a_point, self.strike_at_a_point, self.lose_redis, self.empty_redis, self.freeze_redis,
            self.fill_redis, self.break_a_network, self.break_a_network, self.trouble_fal, self.kill_fal,
            self.lock_database, self.stop_politely, self.shift_clock, self.blind_a_side,
        ]  # fmt: skip
        if stack.on_postgres:
            self.faults += [self.crash_database, self.end_connections]

    def rage(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fault = self.dice.choice(self.faults)
            self.done[fault.__name__] += 1
            fault()
            time.sleep(self.dice.uniform(*PAUSE_SECONDS))  # drawn from the seed
        self.make_peace()

    def make_peace(self) -> None:
        self.stack.note("peace")
        self.stack.disarm()
        self.stack.clear_weather()
        self.stack.fal.clear_weather()
        self.stack.clock_file.unlink(missing_ok=True)

    def _last(self) -> None:
        time.sleep(self.dice.uniform(*FAULT_SECONDS))  # drawn from the seed

    def kill_somebody(self) -> None:
        self.stack.kill(self.dice.choice(("web", *WORKERS)), whom=self.dice.choice(("all", "parent", "horse")))

    def freeze_somebody(self) -> None:
        self.stack.kill(self.dice.choice(("web", *WORKERS)), signal.SIGSTOP)

    def stop_politely(self) -> None:
        self.stack.kill(self.dice.choice(("web", *WORKERS)), signal.SIGTERM, whom="parent")

    def strike_at_a_point(self) -> None:
        self.stack.arm(self.dice.choice(POINTS), self.dice.choice(("kill", "kill", "stop")))

    def lose_redis(self) -> None:
        self.stack.kill("redis")

    def empty_redis(self) -> None:
        self._tell_redis("FLUSHALL")

    def freeze_redis(self) -> None:
        self.stack.kill("redis", signal.SIGSTOP)

    def fill_redis(self) -> None:
        self._tell_redis("CONFIG", "SET", "maxmemory", "1")
        self._last()
        self._tell_redis("CONFIG", "SET", "maxmemory", "0")

    def _tell_redis(self, *words: str) -> None:
        self.stack.note(f"redis is told {' '.join(words)}")
        client = redis.Redis(port=self.stack.ports["redis"], socket_timeout=5)
        try:
            client.execute_command(*words)
        except redis.RedisError as error:
            self.stack.note(f"redis did not hear: {error}")
        finally:
            client.close()

    def break_a_network(self) -> None:
        name = self.dice.choice(sorted(self.stack.proxies))
        self.stack.set_weather(name, **self.dice.choice(NETWORK))
        self._last()
        self.stack.set_weather(name)
        self.stack.proxies[name].cut()

    def blind_a_side(self) -> None:
        """Web, or all workers, see no server at all."""
        side = self.dice.choice(("web", "work"))
        for name in self.stack.proxies:
            if name.startswith(side):
                self.stack.set_weather(name, down=True)
        self._last()
        self.stack.note("they see again")
        self.stack.clear_weather()

    def trouble_fal(self) -> None:
        fault, seconds = self.dice.choice(FAL_WEATHER), self.dice.uniform(*FAULT_SECONDS)
        self.stack.note(f"FAL: {fault} for {seconds:.1f} s, three in ten")
        self.stack.fal.set_weather("steps", seconds=seconds, fault={**fault, "chance": 0.3})

    def kill_fal(self) -> None:
        self.stack.note("FAL is killed and comes back")
        self.stack.fal.kill()
        time.sleep(self.dice.uniform(0.1, 3.0))  # drawn from the seed
        self.stack.fal.restart()

    def lock_database(self) -> None:
        seconds = self.dice.uniform(*FAULT_SECONDS)
        self.stack.note(f"the database is locked for {seconds:.1f} s")
        self.stack.hold_database(seconds)

    def crash_database(self) -> None:
        self.stack.kill("database", signal.SIGQUIT, whom="parent")  # as pg_ctl stop -m immediate

    def end_connections(self) -> None:
        self.stack.note("all connections of the database are ended")
        self.stack.end_connections()

    def shift_clock(self) -> None:
        shift = self.dice.choice((-86_400, -3_600, 3_600, 86_400))
        self.stack.note(f"the clock is {shift} s off")
        self.stack.clock_file.write_text(str(shift))
        self._last()
        self.stack.clock_file.write_text("0")


def run_nemesis(folder: Path, *, minutes: float, seed: int, on_postgres: bool = False) -> dict[str, Any]:
    """The figures of a run; AssertionError with everything that happened when a promise was broken."""
    with run_stack(folder, seed=seed, on_postgres=on_postgres) as stack:
        history = History()
        clients, nemesis = Clients(stack, history), Nemesis(stack)
        clients.start()
        try:
            nemesis.rage(minutes * 60)
        finally:
            nemesis.make_peace()
            clients.stop()
        assert not clients.failures, "\n".join([*clients.failures, stack.tell()])
        peace = time.monotonic()
        evidence = judge(stack, history, forgiven_errors=FORGIVEN, settle=SETTLE_SECONDS)
        return describe(evidence, nemesis, seed=seed, settled=time.monotonic() - peace)


def describe(evidence: Evidence, nemesis: Nemesis, *, seed: int, settled: float) -> dict[str, Any]:
    states = Counter(
        row["error_code"] or row["waiting_reason"] or row["status"] for row in evidence.rows["generations"]
    )
    return {
        "seed": seed,
        "faults": sum(nemesis.done.values()),
        "kinds": dict(nemesis.done),
        "requests": len(evidence.said),
        "answers": dict(Counter(each.status for each in evidence.said)),
        "refusals": dict(Counter(each.error_code for each in evidence.said if each.error_code)),
        "jobs": len(evidence.rows["jobs"]),
        "generations": dict(states),
        "accepted_posts": len(evidence.submits),
        "starts": sum(part.starts for part in nemesis.stack.parts.values()),
        "settled_seconds": round(settled, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or random.randrange(10**6)))
    parser.add_argument("--postgres", action="store_true", default=bool(os.environ.get("TEST_ON_POSTGRES")))
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="image2model-nemesis-") as folder:
        figures = run_nemesis(
            Path(folder) / "run", minutes=arguments.minutes, seed=arguments.seed, on_postgres=arguments.postgres
        )
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
