"""How much memory does a picture cost the process that inspects it?"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.running import ROOT

MEASURE = """
import resource, sys
from jobs.images import ImageError, inspect_image
from tests.images import files
data = eval(sys.argv[1])
inspect_image(files.make_picture("WEBP"), filename="warm")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(inspect_image(data, filename="bomb").content_type)
except ImageError as error:
    print(error.code)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def measure_growth(builder: str) -> tuple[str, int]:
    """Code, and the megabytes by which a fresh process grew."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, builder], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    code, megabytes = done.stdout.split()
    return code, int(megabytes)


@pytest.mark.parametrize(
    "builder",
    [
        "files.make_text_bomb(b'zTXt', megabytes=200)",
        "files.make_text_bomb(b'iCCP', megabytes=200)",
        "files.make_text_bomb(b'iTXt', megabytes=200)",
        "files.make_png_header(10_000, 5_000)",
        "files.make_webp_header(10_000, 5_000)",
    ],
)
def test_a_bomb_costs_little_memory(builder: str) -> None:
    code, megabytes = measure_growth(builder)
    assert code == "corrupt_image"
    assert megabytes < 50


def test_fifty_megapixels_fit() -> None:
    code, megabytes = measure_growth("files.make_flat_png(10_000, 5_000)")
    assert code == "image/png"
    assert megabytes < 700
