"""How long do checks, conversions and previews take, beside trimesh on the same models in the same run?

Run it on one core: ``taskset -c 0 .venv/bin/python -m tests.bench.meshes``. Both sides begin with the bytes of a
GLB (a textured sphere) and end with the bytes of the file; each figure is the median CPU time of several runs.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import trimesh

from jobs.meshes import check_glb, convert_glb, measure_mesh
from jobs.previews import render_preview
from tests.models import make_sphere_glb

SIZES = (5_000, 20_000, 100_000, 1_000_000)
FORMATS = ("obj", "stl", "ply", "usdz")


def measure(run: Callable[[], object]) -> float:
    """Median seconds of warm runs: more of them for quick ones."""
    run()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 1 and len(times) < 9):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return statistics.median(times)


def convert_with_trimesh(glb: bytes, format: str) -> bytes:
    """The usual route: load, and export; an OBJ has several files and goes into a zip, as ours does."""
    mesh = trimesh.load(io.BytesIO(glb), file_type="glb", force="mesh", process=False)
    if format == "stl":
        return mesh.export(file_type="stl")
    if format == "ply":
        mesh.visual = mesh.visual.to_color()
        return mesh.export(file_type="ply")
    text, files = trimesh.exchange.obj.export_obj(mesh, return_texture=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.obj", text)
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def print_row(faces: int, what: str, ours: float, size: int, other: float | None = None) -> None:
    beside = f"{other:>10.3f} {ours / other:>7.2f}" if other is not None else ""
    print(f"{faces:>9,} {what:<8} {ours:>9.3f} {size / 1e6:>8.2f} {beside}", flush=True)


def print_sizes() -> None:
    print(f"{'faces':>9} {'what':<8} {'seconds':>9} {'MB':>8} {'trimesh s':>10} {'ratio':>7}")
    for faces in SIZES:
        glb = make_sphere_glb(textured=True, faces=faces, kind="JPEG")
        print_row(faces, "check", measure(lambda glb=glb: check_glb(glb)), len(glb))
        print_row(faces, "measure", measure(lambda glb=glb: measure_mesh(glb)), len(glb))
        for format in FORMATS:
            convert = lambda glb=glb, format=format: convert_glb(glb, format=format, name="model")  # noqa: E731
            usual = lambda glb=glb, format=format: convert_with_trimesh(glb, format)  # noqa: E731
            print_row(faces, format, measure(convert), len(convert()), measure(usual) if format != "usdz" else None)
        print_row(faces, "preview", measure(lambda glb=glb: render_preview(glb)), len(render_preview(glb)))


def print_memory(faces: int) -> None:
    """What one preview takes in a fresh process."""
    print(f"a preview of {faces:,} faces in a fresh process:", end=" ", flush=True)
    with tempfile.NamedTemporaryFile(suffix=".glb") as file:
        file.write(make_sphere_glb(textured=True, faces=faces, kind="JPEG"))
        file.flush()
        subprocess.run([sys.executable, "-m", "tests.bench.meshes", file.name], check=True)


def preview_once(path: Path) -> None:
    started = time.process_time()
    render_preview(path.read_bytes())
    taken = time.process_time() - started
    status = Path("/proc/self/status").read_text()  # getrusage would tell the parent's peak too
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(f"{taken:.2f} s cold, {peak:.0f} MB at most")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    if len(sys.argv) > 1:
        preview_once(Path(sys.argv[1]))
    else:
        print_sizes()
        for count in (20_000, 1_000_000):
            print_memory(count)
