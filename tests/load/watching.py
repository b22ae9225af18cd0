"""What did it cost? Memory, temporary bytes and processor of a process tree, and how long its loop kept others waiting.

As a program (``python -m tests.load.watching PID URL``) it looks until its input ends, and then says what it saw.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
LOOK_SECONDS, ASK_SECONDS = 0.1, 0.02
TICKS = os.sysconf("SC_CLK_TCK")


def main(pid: int, url: str) -> None:
    stopping, waits = threading.Event(), []
    asking = threading.Thread(target=_ask_health, args=(url, waits, stopping), daemon=True)
    if url:
        asking.start()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    first, peak, temporary = measure_tree(pid), {"pss": 0.0, "rss": 0.0}, 0.0
    spent = before = measure_processor(pid)
    while not stopping.wait(LOOK_SECONDS):
        seen = measure_tree(pid)
        peak = {name: max(peak[name], seen[name]) for name in peak}
        temporary = max(temporary, measure_temporary(pid))
        spent = max(spent, measure_processor(pid))
    waits.sort()
    report = {
        "pss_mb_before": round(first["pss"]), "pss_mb_peak": round(peak["pss"]), "rss_mb_peak": round(peak["rss"]),
        "temporary_mb_peak": round(temporary), "cpu_seconds": round(spent - before, 2),
        "health_ms_p95": round(1000 * waits[int(len(waits) * 0.95)]) if waits else None,
        "health_ms_max": round(1000 * waits[-1]) if waits else None,
    }  # fmt: skip
    print(json.dumps(report))


@contextmanager
def watch(pid: int, *, url: str = "") -> Iterator[dict[str, Any]]:
    """Filled with what was seen when the block ends. In a process of its own, so that our work is not measured."""
    report: dict[str, Any] = {}
    command = [sys.executable, "-m", "tests.load.watching", str(pid), url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield report
        finally:
            output, _ = process.communicate(timeout=30)
    report.update(json.loads(output))


def list_tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += list_tree(int(child))
    return found


def measure_tree(pid: int) -> dict[str, float]:
    """Megabytes of a process and everything below it."""
    total = {"pss": 0.0, "rss": 0.0}
    for member in list_tree(pid):
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:
            continue
        for name in total:
            found = re.search(rf"^{name.title()}:\s+(\d+) kB", text, re.MULTILINE)
            total[name] += int(found[1]) / 1024 if found else 0
    return total


def measure_temporary(pid: int) -> float:
    """Megabytes of files that have no name any more but are still open, each once."""
    seen = {}
    for member in list_tree(pid):
        for place in Path(f"/proc/{member}/fd").glob("*"):
            try:
                if "(deleted)" in os.readlink(place):
                    facts = os.stat(place)
                    seen[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
            except OSError:
                continue
    return sum(seen.values()) / 1e6


def measure_processor(pid: int) -> float:
    """Seconds of the processor of a tree, those of its ended and awaited children too."""
    total = 0.0
    for member in list_tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / TICKS
    return total


def _ask_health(url: str, waits: list[float], stopping: threading.Event) -> None:
    place = urlsplit(url)
    request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    while not stopping.wait(ASK_SECONDS):
        began = time.perf_counter()
        with socket.create_connection((str(place.hostname), int(place.port or 80)), timeout=60) as connection:
            connection.sendall(request)
            while connection.recv(4096):
                pass
        waits.append(time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
