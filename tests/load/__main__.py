"""What does the product bear? ``python -m tests.load uploads batch`` (or ``all``); see docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import Any

from tests.load import drain, hostile, reads, streams, uploads
from tests.load.report import tell

# How many of what each sends; ``--share`` makes it less on a machine that others need.
SCENARIOS: dict[str, Callable[[float], dict[str, Any]]] = {
    "uploads": lambda share: asyncio.run(uploads.run_uploads(count=round(600 * share))),
    "batch": lambda share: asyncio.run(uploads.run_batches(at_once=1)),
    "batches": lambda share: asyncio.run(uploads.run_batches(at_once=4)),
    "streams": lambda share: asyncio.run(streams.run_streams(clients=round(500 * share))),
    "reads": lambda share: asyncio.run(reads.run_reads(count=round(400 * share), queued=round(10_000 * share))),
    "hostile": lambda share: asyncio.run(hostile.run_hostile()),
    "drain": lambda share: drain.run_drain(pictures=25 * round(8 * share)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=[*SCENARIOS, "all"])
    parser.add_argument("--share", type=float, default=1.0, help="of the usual numbers")
    arguments = parser.parse_args()
    for name in SCENARIOS if "all" in arguments.scenarios else arguments.scenarios:
        tell(name, SCENARIOS[name](arguments.share))


if __name__ == "__main__":
    main()
