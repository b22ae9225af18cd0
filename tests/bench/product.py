"""How fast and how heavy is the whole product? Run: ``python tests/bench/product.py``.

Prints the first and a later start, idle memory, upload to first model, and a batch of 25. The reference of the same
run is the engine alone, in this process, on the same pictures: ratio = the product's time per picture on two workers
/ the engine's own time per picture.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from jobs import previews
from jobs.engines.base import EngineRequest
from jobs.engines.local import LocalEngine
from tests.pictures import draw_blob, encode_png
from tests.running import Product, measure_memory, run_product, upload, wait_for_job

BATCH, REPEATS = 25, 5


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="image2model-bench-") as name:
        folder = Path(name)
        pictures = draw_pictures(folder, count=BATCH)
        with run_product(folder / "data") as product:
            print(f"first start to ready       {product.seconds_to_ready:6.2f} s (with the first model)")
        with run_product(folder / "data") as product:
            print(f"later start to ready       {product.seconds_to_ready:6.2f} s")
            number = len(product.processes()) + 1
            print(f"idle memory                {measure_idle(product):6.0f} MB PSS, {number} processes")
            alone = time_engine(pictures)
            print(f"engine alone, one picture  {alone:6.2f} s with preview")
            print(f"upload to model            {time_single(product, pictures[0]):6.2f} s (median of {REPEATS})")
            batch = time_batch(product, pictures)
            print(f"batch of {BATCH}                {batch:6.2f} s on 2 workers")
            print(f"ratio: {batch / BATCH * 2 / alone:.2f}")


def draw_pictures(folder: Path, *, count: int) -> list[Path]:
    """Pictures of 1,024 px, as people upload them."""
    paths = [folder / f"blob-{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(encode_png(draw_blob(number, size=1024)))
    return paths


def measure_idle(product: Product) -> float:
    return measure_memory([product.process.pid, *product.processes()])


def time_engine(pictures: list[Path]) -> float:
    """Seconds for one picture, median; the first call, which loads libraries, is not counted."""
    times = []
    for path in [pictures[0], *pictures[:REPEATS]]:
        start = time.perf_counter()
        result = LocalEngine().generate(
            EngineRequest(pictures={"front": path.read_bytes()}), lambda stage, percent: None
        )
        previews.render_preview(result.model)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def time_single(product: Product, picture: Path) -> float:
    """Seconds from the first byte of an upload to the moment at which the stream says that the model is there."""
    with product.client() as client:
        return statistics.median(_follow_one(client, picture) for _ in range(REPEATS))


def _follow_one(client, picture: Path) -> float:
    start = time.perf_counter()
    job_id = upload(client, [picture])["job_id"]
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        for line in stream.iter_lines():
            if line == "event: task_completed":
                return time.perf_counter() - start
    raise AssertionError("the stream ended without a model")


def time_batch(product: Product, pictures: list[Path]) -> float:
    with product.client() as client:
        start = time.perf_counter()
        job = wait_for_job(client, upload(client, pictures)["job_id"])
        assert job["counts"]["completed"] == len(pictures), job["counts"]
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
