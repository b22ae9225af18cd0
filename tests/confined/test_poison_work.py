"""P21: does a picture that ends its worker stop after three runs, and does it leave the others alone?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.confined.poison_worker import POISON_SIZE
from tests.factories import make_picture
from tests.load.site import run_site
from tests.running import ROOT, wait_for_job

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def test_p21_a_poison_picture_stops_after_three_runs(tmp_path: Path) -> None:
    with run_site(tmp_path, users=1, processes=1) as site:
        command = [sys.executable, "-m", "tests.confined.poison_worker"]
        with subprocess.Popen(command, cwd=ROOT, env=site.environment, stderr=subprocess.DEVNULL) as worker:
            try:
                check(site.url, site.keys[0])
                assert worker.poll() is None, "the worker itself lives on"
            finally:
                worker.send_signal(signal.SIGTERM)
                worker.wait(timeout=30)


def check(url: str, key: str) -> None:
    contents = [make_picture(1), make_picture(2, size=POISON_SIZE[0]), make_picture(3)]
    files = [("files", (f"{number}.png", data, "image/png")) for number, data in enumerate(contents)]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        answer = client.post("/api/v1/upload", files=files, data={"engine": "local"}).raise_for_status().json()
        job = wait_for_job(client, answer["job_id"])
    poison = job["generations"][1]
    assert job["counts"] | {"completed": 2, "failed": 1} == job["counts"]
    assert (poison["status"], poison["error"]["code"], poison["attempt"]) == ("failed", "worker_crashed", 3)
