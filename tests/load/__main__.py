"""What does the product bear? ``python -m tests.load uploads batches`` (or ``all``); see docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio

from tests.load import uploads
from tests.load.report import tell

SCENARIOS = {
    "uploads": lambda: uploads.run_uploads(count=600),
    "batch": lambda: uploads.run_batches(at_once=1),
    "batches": lambda: uploads.run_batches(at_once=4),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=[*SCENARIOS, "all"])
    chosen = parser.parse_args().scenarios
    for name in SCENARIOS if "all" in chosen else chosen:
        tell(name, asyncio.run(SCENARIOS[name]()))


if __name__ == "__main__":
    main()
