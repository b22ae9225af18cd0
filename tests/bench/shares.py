"""How much processor time does each process take for one picture? Independent of whatever else the machine does.

python tests/bench/shares.py [--rounds 2] [--fal]

The product runs as ``bin/up`` starts it, with the thirteen sample pictures uploaded as often as asked, as one job each
time. What each process and its children took of the processor, from the kernel's own count, is divided by the pictures.
``--fal`` sends them through a virtual FAL instead of the local engine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.running import SAMPLES, Product, run_product, upload, wait_for_job  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
KINDS = {"web": "uvicorn", "local": "work local", "post": "work post", "watch": "work watch", "fal": "work fal",
         "store": "valkey-server"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--fal", action="store_true")
    options = parser.parse_args()
    pictures = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".png", ".jpg", ".webp"))
    engine = "tripo-v2.5" if options.fal else "local"
    with tempfile.TemporaryDirectory() as folder:
        more = ("--virtual-fal",) if options.fal else ()
        with run_product(Path(folder) / "data", workers=2, options=more) as product, product.client() as client:
            warm_up(client, pictures[0], engine=engine)
            before = measure(product)
            jobs = [upload(client, pictures, engine=engine) for _ in range(options.rounds)]
            done = [wait_for_job(client, job["job_id"], seconds=900) for job in jobs]
            after = measure(product)
    made = sum(job["counts"]["completed"] for job in done)
    megabytes = sum(path.stat().st_size for path in pictures) / len(pictures) / 1e6
    print(f"{made} models of {engine} from pictures of {megabytes:.2f} MB on average")
    for kind in KINDS:
        if spent := after[kind] - before[kind]:
            print(f"{kind:6} {spent / made:8.3f} s of processor for each")


def warm_up(client: object, picture: Path, *, engine: str) -> None:
    wait_for_job(client, upload(client, [picture], engine=engine)["job_id"])  # type: ignore[arg-type]


def measure(product: Product) -> dict[str, float]:
    """Seconds of processor so far, with those of children that have ended."""
    processes = product.processes()
    return {
        kind: sum(read_seconds(pid) for pid, command in processes.items() if words in command)
        for kind, words in KINDS.items()
    }


def read_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICKS


if __name__ == "__main__":
    main()
