"""How many uploads are taken in a second, and how long does each wait? Against an app that checks nothing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load import pictures
from tests.load.client import FORM_TYPE, Answer, Connection, build_form, repeat
from tests.load.report import count_codes
from tests.load.site import Site, run_reference, run_site, sum_up
from tests.load.watching import watch

AT_ONCE = 50


async def run_uploads(*, count: int) -> dict[str, Any]:
    """``count`` uploads of one picture of 1 MB, 50 at once, each of its own content."""
    photo = pictures.draw_photo(*pictures.SMALL)
    with tempfile.TemporaryDirectory(prefix="image2model-load-") as folder:
        with run_reference(Path(folder)) as site:
            reference = await _load(site, photo, count=count)
        with run_site(Path(folder), users=AT_ONCE) as site:
            measured = await _load(site, photo, count=count)
    return {"picture_bytes": len(photo), "at_once": AT_ONCE, **measured, "reference": reference,
            "ratio": round(measured["per_second"] / reference["per_second"], 3)}  # fmt: skip


async def _load(site: Site, photo: bytes, *, count: int) -> dict[str, Any]:
    connections = [Connection(site.url, key=site.keys[n] if site.keys else "") for n in range(AT_ONCE)]

    async def send(connection: Connection, number: int) -> Answer:
        form = build_form([pictures.make_unique(photo, number)])
        return await connection.send("POST", "/api/v1/upload", parts=form, content_type=FORM_TYPE)

    with watch(site.pid, url=site.url) as seen:
        began = time.perf_counter()
        answers = await repeat(send, connections=connections, count=count)
        seconds = time.perf_counter() - began
    return {
        "count": count, "per_second": round(count / seconds, 1), **sum_up([answer.seconds for answer in answers]),
        "codes": count_codes(answers), **seen,
    }  # fmt: skip


async def run_batches(*, at_once: int) -> dict[str, Any]:
    """Batches of 25 pictures of 8.8 MB, so many at once."""
    photo = pictures.draw_photo(*pictures.LARGE)
    with tempfile.TemporaryDirectory(prefix="image2model-load-") as folder:
        with run_reference(Path(folder)) as site:
            reference = await _send_batches(site, photo, at_once=at_once)
        with run_site(Path(folder), users=at_once) as site:
            await _send_batches(site, pictures.draw_photo(*pictures.SMALL), at_once=1)  # the first one loads code
            measured = await _send_batches(site, photo, at_once=at_once)
    ratio = measured["seconds"] / reference["seconds"]
    return {"picture_bytes": len(photo), "pictures": 25, "at_once": at_once, **measured, "reference": reference,
            "ratio": round(ratio, 2)}  # fmt: skip


async def _send_batches(site: Site, photo: bytes, *, at_once: int) -> dict[str, Any]:
    connections = [Connection(site.url, key=site.keys[n] if site.keys else "") for n in range(at_once)]

    async def send(connection: Connection, number: int) -> Answer:
        files = [pictures.make_unique(photo, 25 * number + index) for index in range(25)]
        return await connection.send("POST", "/api/v1/upload", parts=build_form(files), content_type=FORM_TYPE)

    with watch(site.pid, url=site.url) as seen:
        began = time.perf_counter()
        answers = await repeat(send, connections=connections, count=at_once)
        seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), **sum_up([answer.seconds for answer in answers]),
            "codes": count_codes(answers), **seen}  # fmt: skip
