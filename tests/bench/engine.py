"""How fast is the local engine, and how much memory does it take? One core; against the prototype where it is there.

Times are seconds of the processor, so that what else the machine does counts little.

python tests/bench/engine.py [repetitions]
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import geometric_mean, median

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # read when numpy is loaded

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
sys.path[:0] = [str(ROOT), str(SHARED)]

PREVIEW_SIZE = 512
HAS_PROTOTYPE = (SHARED / "engine_prototype").is_dir()
read_clock = time.process_time
HAS_PREVIEWS = importlib.util.find_spec("jobs.previews") is not None


def list_pictures() -> dict[str, bytes]:
    from tests import pictures

    busy = pictures.put_on(pictures.draw_mug(1024), pictures.draw_patchwork(1024))
    drawn = {
        "mug alpha 1024": pictures.encode_png(pictures.draw_mug(1024)),
        "mug white 1024": pictures.encode_jpeg(pictures.put_on(pictures.draw_mug(1024))),
        "mug busy 1024": pictures.encode_jpeg(busy),
        "mug white 4096": pictures.encode_jpeg(pictures.put_on(pictures.draw_mug(1024)).resize((4096, 4096))),
    }
    samples = {path.stem: path.read_bytes() for path in sorted((SHARED / "samples").glob("*.png"))}
    return drawn | samples


def run_engine(data: bytes) -> dict[str, float]:
    """Seconds of each part: reading and mask, body, texture and file, preview."""
    from jobs.engines.base import EngineRequest
    from jobs.engines.local import LocalEngine

    marks: list[tuple[str, float]] = []

    def report(stage: str, percent: int) -> None:
        marks.append((stage, read_clock()))

    started = read_clock()
    result = LocalEngine().generate(EngineRequest(pictures={"front": data}), report)
    done = read_clock()
    prepared = next(moment for stage, moment in marks if stage == "generating")
    parts = {"prepare": prepared - started, "generate": done - prepared}
    if HAS_PREVIEWS:
        from jobs.previews import render_preview

        render_preview(result.model, size=PREVIEW_SIZE)
        parts["preview"] = read_clock() - done
    return parts | {"engine": done - started, "longest wait": _longest_wait(started, marks, done)}


def _longest_wait(started: float, marks: list[tuple[str, float]], done: float) -> float:
    """Between two reports: how long a cancellation may have to wait."""
    moments = [started, *(moment for _, moment in marks), done]
    return max(after - before for before, after in pairwise(moments))


def run_prototype(data: bytes) -> dict[str, float]:
    from engine_prototype import pipeline

    started = read_clock()
    pipeline.reconstruct(data, thumb=0)
    return {"engine": read_clock() - started}


RUNNERS: dict[str, Callable[[bytes], dict[str, float]]] = {"engine": run_engine}
if HAS_PROTOTYPE:
    RUNNERS["prototype"] = run_prototype


def measure(data: bytes, *, repetitions: int) -> dict[str, dict[str, float]]:
    """Medians for each of those who run, in turn after a first run that does not count."""
    rounds = [{who: run(data) for who, run in RUNNERS.items()} for _ in range(repetitions + 1)][1:]
    return {who: {part: median(each[who][part] for each in rounds) for part in rounds[0][who]} for who in RUNNERS}


def measure_fresh(who: str, data: bytes) -> dict[str, float]:
    """Seconds and peak megabytes in a new process, without its imports' time."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        command = [sys.executable, __file__, "--fresh", who, file.name]
        run = subprocess.run(command, capture_output=True, check=True, text=True)
    return json.loads(run.stdout)


def run_fresh(who: str, path: str) -> None:
    data = Path(path).read_bytes()
    run = run_prototype if who == "prototype" else run_engine
    __import__("engine_prototype.pipeline" if who == "prototype" else "jobs.engines.local")
    seconds = run(data)["engine"]
    print(json.dumps({"seconds": seconds, "megabytes": read_peak()}))


def read_peak() -> float:
    """Megabytes of this program alone; the usual counter would include the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def show(name: str, parts: dict[str, float], prototype: dict[str, float] | None) -> None:
    line = "  ".join(f"{part} {1000 * seconds:5.0f}" for part, seconds in parts.items())
    compared = f"  prototype {1000 * prototype['engine']:5.0f}" if prototype else ""
    print(f"{name:16} {line}{compared}  ms", flush=True)


def main(repetitions: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    ratios, chosen = [], list_pictures()
    for name, data in chosen.items():
        measured = measure(data, repetitions=repetitions)
        parts, prototype = measured["engine"], measured.get("prototype")
        show(name, parts, prototype)
        if prototype:
            ratios.append(prototype["engine"] / parts["engine"])
    for name in ("mug alpha 1024", "mug white 1024", "mug busy 1024", "mug white 4096"):
        for who in RUNNERS:
            fresh = measure_fresh(who, chosen[name])
            print(f"{name:16} {who:9} in a fresh process: {fresh['seconds']:.2f} s, peak {fresh['megabytes']:.0f} MB")
    if ratios:
        print("how many times as fast as the prototype (geometric mean over the pictures)")
        print(f"ratio: {geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fresh"]:
        run_fresh(sys.argv[2], sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
