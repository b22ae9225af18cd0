"""How soon do many listeners hear of a change? From the commit to the frame, on one web process."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load import pictures
from tests.load.client import FORM_TYPE, Connection, build_form
from tests.load.site import Site, run_python, run_site, sum_up
from tests.load.watching import measure_tree, watch

USERS = 50
EVENTS = 6
EVERY_SECONDS = 2.0


async def run_streams(*, clients: int) -> dict[str, Any]:
    """So many event streams of fifty users; one job of each user changes every two seconds."""
    with (
        tempfile.TemporaryDirectory(prefix="image2model-load-") as folder,
        run_site(Path(folder), users=USERS, processes=1) as site,
    ):
        jobs = [await _make_job(site, key, number) for number, key in enumerate(site.keys)]
        before = measure_tree(site.pid)["pss"]
        streams = [await _open(site, site.keys[n % USERS], jobs[n % USERS]) for n in range(clients)]
        opened = measure_tree(site.pid)["pss"]
        heard: list[tuple[str, str, float]] = []
        listening = [asyncio.create_task(_listen(r, jobs[n % USERS], heard)) for n, (_, r) in enumerate(streams)]
        with watch(site.pid, url=site.url) as seen:
            began = time.perf_counter()
            code = f"import tests.load.rows as rows; rows.change_jobs({EVENTS}, every={EVERY_SECONDS})"
            committed = json.loads(await asyncio.to_thread(run_python, site.environment, code))
            await asyncio.sleep(EVERY_SECONDS)  # what is under way arrives
            seconds = time.perf_counter() - began
        for task, (connection, _) in zip(listening, streams, strict=True):
            task.cancel()
            connection.close()
    waits = [at - committed[job_id][number] for job_id, number, at in heard if number in committed[job_id]]
    return {
        "clients": clients, "frames": len(waits), "expected": EVENTS * clients, **sum_up(waits),
        "kilobytes_each": round(1024 * (opened - before) / clients, 1),
        "cpu_share": round(seen["cpu_seconds"] / seconds, 3), **seen,
    }  # fmt: skip


async def _make_job(site: Site, key: str, number: int) -> str:
    form = build_form([pictures.make_unique(pictures.draw_photo(320, 256, 1.0), number)])
    connection = Connection(site.url, key=key)
    answer = await connection.send("POST", "/api/v1/upload", parts=form, content_type=FORM_TYPE)
    connection.close()
    return str(answer.json()["job_id"])


async def _open(site: Site, key: str, job_id: str) -> tuple[Connection, asyncio.StreamReader]:
    connection = Connection(site.url, key=key)
    status, reader = await connection.open_stream(f"/api/v1/jobs/{job_id}/events")
    assert status == 200, status
    return connection, reader


async def _listen(reader: asyncio.StreamReader, job_id: str, heard: list[tuple[str, str, float]]) -> None:
    """Each frame's job, number and time of arrival."""
    while line := await reader.readline():
        if line.startswith(b"id:"):
            heard.append((job_id, line[3:].strip().decode(), time.time()))
