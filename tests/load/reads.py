"""How fast is a job read, alone and behind ten thousand that wait?"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load import pictures
from tests.load.client import FORM_TYPE, Answer, Connection, build_form, repeat
from tests.load.report import count_codes
from tests.load.site import Site, run_python, run_site, sum_up
from tests.load.watching import watch

AT_ONCE = 10


async def run_reads(*, count: int, queued: int) -> dict[str, Any]:
    """One job, and a list of 50; then the same, and uploads, with so many generations waiting."""
    with tempfile.TemporaryDirectory(prefix="image2model-load-") as folder, run_site(Path(folder), users=2) as site:
        before = await _measure(site, count=count, first=0)
        made = run_python(site.environment, f"import tests.load.rows as rows; rows.make_queue({queued})")
        after = await _measure(site, count=count, first=count)
    return {"count": count, "at_once": AT_ONCE, "empty": before, "queued": {**json.loads(made), **after}}


async def _measure(site: Site, *, count: int, first: int) -> dict[str, Any]:
    photo = pictures.draw_photo(*pictures.SMALL)
    job_id = (await _upload(Connection(site.url, key=site.keys[0]), photo, 1_000_000 + first)).json()["job_id"]
    uploads, _ = await _load(site, lambda c, n: _upload(c, photo, first + n), count=count // 4)
    jobs, costs = await _load(site, lambda c, _: c.send("GET", f"/api/v1/jobs/{job_id}"), count=count)
    lists, _ = await _load(site, lambda c, _: c.send("GET", "/api/v1/jobs?limit=50"), count=count // 4)
    return {"upload": uploads, "job": {**jobs, "cpu_seconds": costs["cpu_seconds"]}, "list": lists}


async def _upload(connection: Connection, photo: bytes, number: int) -> Answer:
    form = build_form([pictures.make_unique(photo, number)])
    return await connection.send("POST", "/api/v1/upload", parts=form, content_type=FORM_TYPE)


async def _load(site: Site, work: Any, *, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    connections = [Connection(site.url, key=site.keys[0]) for _ in range(AT_ONCE)]
    with watch(site.pid) as seen:
        began = time.perf_counter()
        answers = await repeat(work, connections=connections, count=count)
        seconds = time.perf_counter() - began
    figures = {"per_second": round(count / seconds, 1), **sum_up([answer.seconds for answer in answers])}
    return {**figures, "codes": count_codes(answers)}, seen
