"""What is left after half an hour of uploads, listeners and failures? As much as after five minutes.

python -m tests.load.soak --minutes 30

The whole product with a virtual FAL, a round of everything about once a second. Of each process that lives from the
fifth minute to the last: descriptors (connections to the database are among them), threads and memory; and the keys in
Redis.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from redis import Redis

from tests.pictures import draw_blob, encode_png
from tests.running import Product, run_product

WINDOW_SECONDS, ROUND_SECONDS, LOOK_EVERY = 60.0, 1.0, 5
FIRST_MINUTE = 5.0
KEPT_JOBS = 20
MORE_DESCRIPTORS, MORE_MEMORY, MORE_KEYS = 0.05, 0.15, 0.05
FEW = 2  # of so few, five per cent is less than one
ENGINES = ("local", "local", "local", "tripo-v2.5")
PROGRAMS = ("uvicorn", "manage.py work", "valkey-server")


@dataclass(frozen=True, kw_only=True)
class Held:
    descriptors: float
    threads: float
    megabytes: float


@dataclass(frozen=True, kw_only=True)
class Look:
    processes: Mapping[int, Held]
    keys: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    report = soak(minutes=parser.parse_args().minutes)
    print(json.dumps(report))
    sys.exit(1 if report["leaks"] else 0)


def soak(*, minutes: float) -> dict[str, Any]:
    """Figures of both minutes, how often what was answered, and every leak in words."""
    with tempfile.TemporaryDirectory(prefix="image2model-soak-") as folder, open_users(Path(folder)) as users:
        first_end = min(FIRST_MINUTE * 60, minutes * 20) + WINDOW_SECONDS
        before = users.go_on_until(first_end)
        after = users.go_on_until(minutes * 60)
        names = users.product.processes()
    return {
        "minutes": minutes, "answers": dict(users.answers), "before": tell(before, names), "after": tell(after, names),
        "leaks": list(find_leaks(before, after, names)),
    }  # fmt: skip


@contextmanager
def open_users(folder: Path) -> Iterator[Users]:
    settings = {"RATE_LIMIT_UPLOAD": "100000/min"}
    with run_product(folder / "data", options=("--virtual-fal",), **settings) as product, product.client() as client:
        yield Users(product, client)


class Users:
    """Upload, listen, break off, ask for what is not there, send what is no picture, delete."""

    def __init__(self, product: Product, client: httpx.Client) -> None:
        self.product, self._client = product, client
        self._redis = Redis.from_url(product.environment["REDIS_URL"])
        self._began = time.monotonic()
        self._numbers = itertools.count()
        self._jobs: list[str] = []
        self.answers: Counter[str] = Counter()

    def go_on_until(self, end: float) -> Look:
        """The medians of the last minute before ``end``, seconds from the beginning."""
        looks = []
        while (now := time.monotonic() - self._began) < end:
            number = next(self._numbers)
            self._do_everything(number)
            if number % LOOK_EVERY == 0 and now > end - WINDOW_SECONDS:
                looks.append(self._look())
            time.sleep(max(0.0, now + ROUND_SECONDS - (time.monotonic() - self._began)))  # the pace of the users
        return merge(looks)

    def _do_everything(self, number: int) -> None:
        self._upload(number, encode_png(draw_blob(number)))
        self._upload(number, b"no picture at all")
        self._count("missing", self._client.get("/api/v1/jobs/00000000-0000-0000-0000-000000000000"))
        self._count("nobody", httpx.get(f"{self.product.url}/api/v1/jobs"))
        self._listen(lines=8)
        self._listen(lines=0)
        for job_id in self._jobs[:-KEPT_JOBS]:
            if self._client.get(f"/api/v1/jobs/{job_id}").json()["status"] in ("completed", "failed"):
                self._count("delete", self._client.delete(f"/api/v1/jobs/{job_id}"))
                self._jobs.remove(job_id)

    def _upload(self, number: int, data: bytes) -> None:
        fields = {"engine": ENGINES[number % len(ENGINES)], "face_limit": "2000"}
        files = {"files": (f"picture-{number}.png", data, "image/png")}
        answer = self._client.post("/api/v1/upload", files=files, data=fields)
        self._count("upload", answer)
        if answer.status_code == 200:
            self._jobs.append(answer.json()["job_id"])

    def _listen(self, *, lines: int) -> None:
        """To so many lines of the last job, and away."""
        with self._client.stream("GET", f"/api/v1/jobs/{self._jobs[-1]}/events") as stream:
            list(itertools.islice(stream.iter_lines(), lines))
            self._count("listen", stream)

    def _count(self, what: str, answer: httpx.Response) -> None:
        self.answers[f"{what} {answer.status_code}"] += 1

    def _look(self) -> Look:
        found = {
            pid: held
            for pid, words in self.product.processes().items()
            if any(program in words for program in PROGRAMS) and (held := measure(pid))
        }
        return Look(processes=found, keys=int(self._redis.dbsize()))  # type: ignore[arg-type]


def measure(pid: int) -> Held | None:
    """None of one that has ended meanwhile."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return None
    numbers = {name: int(value) for name, value in re.findall(r"^(Threads|VmRSS):\s+(\d+)", status, re.MULTILINE)}
    if "VmRSS" not in numbers:
        return None
    return Held(descriptors=descriptors, threads=numbers["Threads"], megabytes=numbers["VmRSS"] / 1024)


def merge(looks: list[Look]) -> Look:
    """Of those processes that were there at every look: a work horse comes and goes."""
    by_pid: dict[int, list[Held]] = defaultdict(list)
    for look in looks:
        for pid, held in look.processes.items():
            by_pid[pid].append(held)
    lasting = {pid: _find_middle(held) for pid, held in by_pid.items() if len(held) == len(looks)}
    return Look(processes=lasting, keys=round(median(look.keys for look in looks)))


def _find_middle(held: list[Held]) -> Held:
    return Held(**{name: median(asdict(each)[name] for each in held) for name in asdict(held[0])})


def find_leaks(before: Look, after: Look, names: Mapping[int, str]) -> Iterator[str]:
    lasting = before.processes.keys() & after.processes.keys()
    for program in PROGRAMS:
        if not any(program in names.get(pid, "") for pid in lasting):
            yield f"no process of {program} lived long enough"
    for pid in sorted(lasting):
        one, other = before.processes[pid], after.processes[pid]
        bounds = {
            "descriptors": max(one.descriptors * (1 + MORE_DESCRIPTORS), one.descriptors + FEW),
            "threads": max(one.threads * (1 + MORE_DESCRIPTORS), one.threads + FEW),
            "megabytes": one.megabytes * (1 + MORE_MEMORY),
        }
        for name, bound in bounds.items():
            if asdict(other)[name] > bound:
                yield f"{name} of {names.get(pid, pid)}: {asdict(one)[name]:.0f} became {asdict(other)[name]:.0f}"
    if after.keys > max(before.keys * (1 + MORE_KEYS), before.keys + FEW):
        yield f"keys in Redis: {before.keys} became {after.keys}"


def tell(look: Look, names: Mapping[int, str]) -> dict[str, Any]:
    processes = {
        f"{pid} {names.get(pid, '')[-60:].strip()}": {name: round(value) for name, value in asdict(held).items()}
        for pid, held in look.processes.items()
    }
    return {"keys": look.keys, "processes": processes}


if __name__ == "__main__":
    main()
