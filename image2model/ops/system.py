"""How busy is this machine? As far as its kernel tells."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

_STAT, _MEMORY = Path("/proc/stat"), Path("/proc/meminfo")


class CpuMeter:
    """The share of time that the processors worked since it was last asked."""

    def __init__(self) -> None:
        self._last = read_cpu_ticks()

    def read_percent(self) -> float | None:
        """None where the kernel does not tell."""
        now, last = read_cpu_ticks(), self._last
        if now is None or last is None:
            return None
        self._last = now
        total = now.total - last.total
        return round(100 * (now.busy - last.busy) / total, 1) if total > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class CpuTicks:
    busy: int
    total: int


def read_cpu_ticks() -> CpuTicks | None:
    try:
        line = _STAT.read_text().partition("\n")[0]
    except OSError:
        return None
    ticks = [int(word) for word in line.split()[1:9]]  # guests are part of the first ones
    idle = ticks[3] + ticks[4]
    return CpuTicks(busy=sum(ticks) - idle, total=sum(ticks))


def read_memory_percent() -> float | None:
    try:
        rows = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
    except OSError:
        return None
    total, available = (int(rows[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return round(100 * (1 - available / total), 1)


def read_disk_percent(folder: Path) -> float:
    """As df says it: of what can be used. What is kept back for root, or lies beyond a quota, is no room."""
    disk = shutil.disk_usage(folder)
    return round(100 * disk.used / ((disk.used + disk.free) or 1), 1)


cpu = CpuMeter()
_STARTED = time.monotonic()


def uptime_seconds() -> float:
    return round(time.monotonic() - _STARTED, 1)


def describe_system(folder: Path) -> dict[str, object]:
    return {
        "cpu_count": os.cpu_count() or 1,
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "memory_percent": read_memory_percent(),
        "disk_percent": read_disk_percent(folder),
    }
