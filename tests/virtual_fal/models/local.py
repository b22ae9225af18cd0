"""What would this picture be as a model? The product's own local engine, in its own process, once for each picture."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def is_local_engine_there() -> bool:
    try:
        return importlib.util.find_spec("jobs.engines.local") is not None
    except ModuleNotFoundError:
        return False


def start_workers(count: int = 1) -> ProcessPoolExecutor:
    """Spawned, not forked: the server has threads and open connections."""
    return ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(10,)
    )


def make_model(picture: str, target: str) -> bool:
    """Write the GLB of ``picture`` to ``target``; False when the engine sees no object in it."""
    from jobs.engines.base import EngineError, EngineRequest
    from jobs.engines.local import LocalEngine

    try:
        request = EngineRequest(pictures={"front": Path(picture).read_bytes()})
        result = LocalEngine().generate(request, lambda stage, percent: None)
    except EngineError:
        return False
    part = Path(f"{target}.part")
    part.write_bytes(result.model)
    part.replace(target)
    return True
