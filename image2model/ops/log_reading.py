"""What do the logs tell about a stretch of time? The newest lines first, and not without end."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from image2model.ops.log_files import list_log_files, read_day_of

MOST_BYTES = 64 << 20  # about 200,000 lines: somebody waits for the answer
SHOWN = 10
REQUESTS, GENERATIONS = "image2model.requests", "image2model.generations"
_VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b|\d+")


@dataclass(kw_only=True)
class Digest:
    """Lines, summed up."""

    lines: int = 0
    unreadable: int = 0
    is_complete: bool = True
    newest: str | None = None
    levels: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    last_seen: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    generations: Counter[str] = field(default_factory=Counter)

    def add(self, line: Mapping[str, Any]) -> None:
        self.lines += 1
        self.levels[line["level"]] += 1
        self.newest = max(self.newest or "", line["time"])
        if line["logger"] == REQUESTS:
            self.statuses[f"{str(line.get('status', 0))[:1]}xx"] += 1
            self.latencies[str(line.get("route"))].append(float(line.get("ms", 0)))
        elif line["level"] in ("ERROR", "CRITICAL", "WARNING"):
            self._add_error(line)
        if line["logger"] == GENERATIONS:
            self.generations[str(line["message"]).rstrip(".").rpartition(" ")[2]] += 1

    def _add_error(self, line: Mapping[str, Any]) -> None:
        key = (line["logger"], _VARIABLE.sub("…", line["message"])[:300])
        self.errors[key] += 1
        self.last_seen[key] = max(self.last_seen.get(key, ""), line["time"])


def digest_logs(folder: Path, *, since: datetime, until: datetime) -> Digest:
    digest, read = Digest(), 0
    for path in reversed(list_log_files(folder)):
        if not since.date() <= read_day_of(path) <= until.date():
            continue
        if read > MOST_BYTES:
            digest.is_complete = False
            break
        read += path.stat().st_size
        for line in read_lines(path, digest=digest):
            if since.isoformat() <= line["time"] < until.isoformat():
                digest.add(line)
    return digest


def read_lines(path: Path, *, digest: Digest) -> Iterator[dict[str, Any]]:
    """Half a line, left by a full disk, is counted and passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            line = parse_line(text)
            if line is None:
                digest.unreadable += 1
            else:
                yield line


def parse_line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    is_ours = isinstance(line, dict) and all(isinstance(line.get(key), str) for key in _REQUIRED)
    return line if is_ours else None


_REQUIRED = ("time", "level", "logger", "message")


def describe_digest(digest: Digest) -> dict[str, Any]:
    """As the staff's endpoints answer it."""
    all_latencies = sorted(ms for latencies in digest.latencies.values() for ms in latencies)
    return {
        "lines": digest.lines,
        "unreadable_lines": digest.unreadable,
        "complete": digest.is_complete,
        "levels": dict(digest.levels),
        "top_errors": [
            {"logger": key[0], "message": key[1], "count": count, "last_seen": digest.last_seen[key]}
            for key, count in digest.errors.most_common(SHOWN)
        ],
        "requests": {"total": len(all_latencies), "by_status": dict(sorted(digest.statuses.items()))},
        "latency_ms": describe_latencies(all_latencies),
        "slowest_routes": _list_slowest(digest),
        "generations": dict(digest.generations),
    }


def _list_slowest(digest: Digest) -> list[dict[str, Any]]:
    routes = [
        {"route": route, "requests": len(latencies), "p95_ms": find_percentile(sorted(latencies), 95)}
        for route, latencies in digest.latencies.items()
    ]
    return sorted(routes, key=lambda entry: -float(str(entry["p95_ms"])))[:SHOWN]


def describe_latencies(ordered: list[float]) -> dict[str, float | None]:
    percentiles = {f"p{percent}": find_percentile(ordered, percent) for percent in (50, 95, 99)}
    average = round(sum(ordered) / len(ordered), 1) if ordered else None
    return {"average": average, **percentiles, "max": ordered[-1] if ordered else None}


def find_percentile(ordered: list[float], percent: int) -> float | None:
    """The smallest value that so many of a hundred do not exceed; None of nothing."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None
