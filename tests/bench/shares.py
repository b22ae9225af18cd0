"""How much processor time does each process take for one picture? Independent of whatever else the machine does.

python tests/bench/shares.py [--rounds 2] [--fal]
python tests/bench/shares.py --taking-in

The product runs as ``bin/up`` starts it, with the thirteen sample pictures uploaded as often as asked, as one job each
time. What each process and its children took of the processor, from the kernel's own count, is divided by the pictures.
``--fal`` sends them through a virtual FAL instead of the local engine; ``--taking-in`` only checks and stores them, in
one process with its children.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.running import SAMPLES, Product, find_descendants, measure_memory, run_product, upload  # noqa: E402

OVER = ("completed", "failed", "cancelled")
ASK_SECONDS = 3.0
TICKS = os.sysconf("SC_CLK_TCK")
KINDS = {"web": "uvicorn", "local": "work local", "post": "work post", "watch": "work watch", "fal": "work fal",
         "store": "valkey-server"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--fal", action="store_true")
    parser.add_argument("--taking-in", action="store_true")
    options = parser.parse_args()
    pictures = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".png", ".jpg", ".webp"))
    if options.taking_in:
        take_in(pictures)
        return
    engine = "tripo-v2.5" if options.fal else "local"
    with tempfile.TemporaryDirectory() as folder:
        more = ("--virtual-fal",) if options.fal else ()
        with run_product(Path(folder) / "data", workers=2, options=more) as product, product.client() as client:
            warm_up(client, pictures[0], engine=engine)
            before, began = measure(product), time.monotonic()
            jobs = [upload(client, pictures, engine=engine) for _ in range(options.rounds)]
            taken_in = measure(product)["web"] - before["web"]  # whoever waits asks, and that would count, too
            done = [wait_calmly(client, job["job_id"]) for job in jobs]
            after, seconds = measure(product), time.monotonic() - began
            memory = measure_memory_by_kind(product)
    made = sum(job["counts"]["completed"] for job in done)
    megabytes = sum(path.stat().st_size for path in pictures) / len(pictures) / 1e6
    print(f"{made} models of {engine} from pictures of {megabytes:.2f} MB on average")
    print(f"web    {taken_in / made:8.3f} s of processor to take each in")
    for kind in ("local", "fal", "post", "store"):
        if spent := after.get(kind, 0.0) - before.get(kind, 0.0):
            print(f"{kind:6} {spent / made:8.3f} s of processor for each")
    sizes = [file["size"] for job in done for one in job["generations"] for file in one["files"]]
    print(f"files  {sum(sizes) / made / 1e6:8.2f} MB for each")
    print("memory " + ", ".join(f"{kind} {megabytes:.0f} MB" for kind, megabytes in memory.items()))
    print(f"watch  {100 * (after['watch'] - before['watch']) / seconds:8.1f} % of one processor while they were made")


def warm_up(client: httpx.Client, picture: Path, *, engine: str) -> None:
    wait_calmly(client, upload(client, [picture], engine=engine)["job_id"])


def take_in(pictures: list[Path]) -> None:
    """As an upload does once its body has arrived."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "image2model.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from accounts.models import User
        from jobs import services

        owner = User.objects.create_user("somebody@example.org")

        def spend(chosen: list[Path]) -> float:
            pids = {os.getpid(), *find_descendants(os.getpid())}
            before = sum(map(read_seconds, pids))
            for path in chosen:
                with path.open("rb") as file:
                    services.store_images(owner, uploads=[services.Upload(filename=path.name, file=file)])
            return sum(map(read_seconds, {*pids, *find_descendants(os.getpid())})) - before

        spend(pictures[:1])
        print(f"{spend(pictures[1:]) / (len(pictures) - 1):.3f} s of processor to take each in")


def wait_calmly(client: httpx.Client, job_id: str) -> dict[str, Any]:
    while (job := client.get(f"/api/v1/jobs/{job_id}").json())["status"] not in OVER:
        time.sleep(ASK_SECONDS)
    return job


def measure(product: Product) -> dict[str, float]:
    """Seconds of processor so far, with those of children, living or ended."""
    return {kind: sum(map(read_seconds, pids)) for kind, pids in group(product).items()}


def group(product: Product) -> dict[str, set[int]]:
    """Each process with the children that it keeps for dangerous work."""
    found: dict[str, set[int]] = {}
    for kind, words in KINDS.items():
        for pid in product.find(words):
            found.setdefault(kind, set()).update((pid, *find_descendants(pid)))
    return found


def measure_memory_by_kind(product: Product) -> dict[str, float]:
    """Of all processes of a kind together; pages that they share are counted once."""
    return {kind: measure_memory(sorted(pids)) for kind, pids in group(product).items()}


def read_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICKS


if __name__ == "__main__":
    main()
