"""What would this picture be as a model? The product's own local engine, in its own process, once for each picture."""

from __future__ import annotations

import importlib.util
import multiprocessing
import multiprocessing.connection
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def is_local_engine_there() -> bool:
    try:
        return importlib.util.find_spec("jobs.engines.local") is not None
    except ModuleNotFoundError:
        return False


def start_workers(count: int = 1) -> ProcessPoolExecutor:
    """Spawned, not forked: the server has threads and open connections."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin_work)


def _begin_work() -> None:
    """Give way to the product under test, and end when the server is gone, however it went."""
    os.nice(10)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


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
