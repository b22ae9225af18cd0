"""How much later than FAL is a single picture done? By polling, and with FAL's webhook.

python tests/bench/overhead.py --count 20 --seconds 3

Real workers, one picture at a time, at a virtual FAL that takes so long. The overhead is the time from the upload's
end to the finished model with its preview, without FAL's own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

LIMITS = {"polling": 3.0, "webhook": 1.0}
PAUSE_SECONDS = 0.7  # between two pictures, so that they do not fall into step with anything


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overhead-") as name:
        measure(Path(name), arguments)


def measure(folder: Path, arguments: argparse.Namespace) -> None:
    import in_flight

    from tests.servers import find_free_port, run_valkey
    from tests.virtual_fal.running import run_virtual_fal

    port = find_free_port()
    with (
        run_valkey(folder) as redis_url,
        run_virtual_fal(run_seconds=arguments.seconds, concurrency=0, proxy_port=None) as fal,
    ):
        in_flight.set_up(folder, redis_url=redis_url, key=fal.key, base_url=fal.base_url)
        for kind in LIMITS:
            os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}" if kind == "webhook" else ""
            with in_flight.run_workers(), run_web(port):
                late = sorted(run_one(number, seconds=arguments.seconds) for number in range(arguments.count))
            p95 = late[min(len(late) - 1, round(0.95 * len(late)) - 1)]
            print(
                f"{kind}: p50 {median(late):.2f} s, p95 {p95:.2f} s of {LIMITS[kind]:g} s over FAL's own time;"
                f" load {os.getloadavg()[0]:.1f}"
            )


def run_one(number: int, *, seconds: float) -> float:
    """Seconds that one picture took more than FAL."""
    from accounts.models import User
    from jobs.models import Generation
    from tests.factories import make_job

    time.sleep(PAUSE_SECONDS)
    owner = User.objects.get_or_create(email="one@example.org")[0]
    begin = time.monotonic()
    job = make_job(owner, engine="tripo-v2.5", first=number)
    while Generation.objects.get(job=job).status != "completed":
        assert time.monotonic() - begin < 20 * seconds, "it takes too long"
        time.sleep(0.02)  # the pace of asking
    return time.monotonic() - begin - seconds


@contextmanager
def run_web(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", "image2model.asgi:application", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
