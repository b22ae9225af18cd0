"""What does the product bear? ``python -m tests.load uploads batch`` (or ``all``); see docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import Any

from tests.load import drain, reads, streams, uploads
from tests.load.report import tell

SCENARIOS: dict[str, Callable[[], dict[str, Any]]] = {
    "uploads": lambda: asyncio.run(uploads.run_uploads(count=600)),
    "batch": lambda: asyncio.run(uploads.run_batches(at_once=1)),
    "batches": lambda: asyncio.run(uploads.run_batches(at_once=4)),
    "streams": lambda: asyncio.run(streams.run_streams(clients=500)),
    "reads": lambda: asyncio.run(reads.run_reads(count=400, queued=10_000)),
    "drain": lambda: drain.run_drain(pictures=200),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=[*SCENARIOS, "all"])
    chosen = parser.parse_args().scenarios
    for name in SCENARIOS if "all" in chosen else chosen:
        tell(name, SCENARIOS[name]())


if __name__ == "__main__":
    main()
