"""What does a picture cost that is meant to cost much? Rows A11, A31 and A37 of the bad inputs."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from tests.images.files import make_many_texts, make_png_header, patch_jpeg_size
from tests.load import pictures
from tests.load.client import FORM_TYPE, Answer, Connection, build_form, repeat
from tests.load.report import count_codes
from tests.load.site import Site, run_site, sum_up
from tests.load.watching import watch

TIMES = 20
SLOW_SIDES = (8192, 6100)  # 50 megapixels


@cache
def draw_slow_webp() -> bytes:
    """As many pixels as are taken, in the format that takes longest."""
    small = Image.open(io.BytesIO(pictures.draw_photo(*pictures.SMALL)))
    buffer = io.BytesIO()
    small.resize(SLOW_SIDES, Image.Resampling.BICUBIC).save(buffer, "WEBP", quality=60, method=0)
    return buffer.getvalue()


async def run_hostile() -> dict[str, Any]:
    """Each of the cheap ones several times, one after another; then 25 slow ones in one upload."""
    photo = pictures.draw_photo(*pictures.SMALL)
    hostile = {
        "A11_png": make_png_header(65_535, 65_535),
        "A11_jpeg": patch_jpeg_size(photo, width=65_500, height=65_500),
        "A31": make_many_texts(300_000),
        "photo": photo,  # for comparison
    }
    with tempfile.TemporaryDirectory(prefix="image2model-load-") as folder, run_site(Path(folder), users=1) as site:
        await _send(site, [photo], times=4)  # the first ones load code
        told = {name: await _send(site, [data], times=TIMES) for name, data in hostile.items()}
        return {**told, "A37": await _send(site, [draw_slow_webp()] * 25, times=1)}


async def _send(site: Site, files: list[bytes], *, times: int) -> dict[str, Any]:
    connection = Connection(site.url, key=site.keys[0])

    async def send(connection: Connection, _: int) -> Answer:
        return await connection.send("POST", "/api/v1/upload", parts=build_form(files), content_type=FORM_TYPE)

    with watch(site.pid, url=site.url) as seen:
        answers = await repeat(send, connections=[connection], count=times)
    costs = {"cpu_ms_each": round(1000 * seen["cpu_seconds"] / times), "health_ms_p95": seen["health_ms_p95"],
             "pss_mb_peak": seen["pss_mb_peak"]}  # fmt: skip
    return {**sum_up([answer.seconds for answer in answers]), "codes": count_codes(answers), **costs}
