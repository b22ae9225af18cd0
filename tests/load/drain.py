"""What do we add to FAL's time? The whole product with a virtual FAL that is done at once."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load.watching import watch
from tests.pictures import draw_blob, encode_png
from tests.running import run_product, wait_until
from tests.virtual_fal.running import run_virtual_fal

JOB_SIZE = 25


def run_drain(*, pictures: int) -> dict[str, Any]:
    """So many pictures through all processes, from the first upload to the last completed model."""
    with (
        tempfile.TemporaryDirectory(prefix="image2model-load-") as folder,
        run_virtual_fal(run_seconds=0, concurrency=0, proxy_port=None) as fal,
        run_product(
            Path(folder) / "data", workers=1, FAL_KEY=fal.key, FAL_BASE_URL=fal.base_url, FAL_CONCURRENCY="100",
            RATE_LIMIT_UPLOAD="10000/min",
        ) as product,
        product.client() as client,
    ):  # fmt: skip
        wait_until(lambda: _is_offered(client), what="the engine")
        with watch(product.process.pid, url=product.url) as seen:
            began = time.perf_counter()
            for first in range(0, pictures, JOB_SIZE):
                _send(client, range(first, first + JOB_SIZE))
            uploaded = time.perf_counter() - began
            wait_until(lambda: _count_done(client) >= pictures, what="all models", seconds=600)
            seconds = time.perf_counter() - began
    return {
        "pictures": pictures, "seconds": round(seconds, 1), "seconds_to_upload": round(uploaded, 1),
        "per_second": round(pictures / seconds, 1),
        "cpu_milliseconds_each": round(1000 * seen["cpu_seconds"] / pictures), **seen,
    }  # fmt: skip


def _send(client: Any, numbers: range) -> None:
    files = [("files", (f"{n}.png", encode_png(draw_blob(n, size=96)), "image/png")) for n in numbers]
    client.post("/api/v1/upload", files=files, data={"engine": "tripo-v2.5"}).raise_for_status()


def _is_offered(client: Any) -> bool:
    models = client.get("/api/v1/models/available").json()
    return any(model["id"] == "tripo-v2.5" and model["available"] for model in models)


def _count_done(client: Any) -> int:
    jobs = client.get("/api/v1/jobs?limit=100").raise_for_status().json()["results"]
    return sum(job["counts"]["completed"] for job in jobs)
