"""How many processors may this process use? A container or a unit often has fewer than the machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NO_LIMIT = "max"


def count_processors(root: Path = Path("/")) -> int:
    """As many as the scheduler gives us and every control group above us allows; at least one."""
    return max(1, min(_count_schedulable(), *list_limits(root)))


def _count_schedulable() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux can tell
        return os.cpu_count() or 1


def list_limits(root: Path) -> Iterator[int]:
    """What our control group and those around it allow (version 2), in whole processors, and what the machine has."""
    yield os.cpu_count() or 1
    groups = root / "sys/fs/cgroup"
    group = groups / _find_own_group(root).lstrip("/")
    while group.is_relative_to(groups):
        with suppress(OSError, ValueError):
            quota, period = (group / "cpu.max").read_text().split()
            if quota != NO_LIMIT:
                yield math.ceil(int(quota) / int(period))
        group = group.parent


def _find_own_group(root: Path) -> str:
    """Inside a container it is the top: its own control group is all that it sees."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ""
    return next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "")
