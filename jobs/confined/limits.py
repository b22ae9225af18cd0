"""What may a child process take? Memory, processor, open files, size of a file."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """``seconds`` of the processor for each task; the others hold for the whole child."""

    memory_bytes: int
    seconds: int
    open_files: int = 32
    file_bytes: int = 0  # the largest file that may be written
    niceness: int = 0  # above 0 it takes what others leave of the processor


def impose_limits(limits: Limits) -> None:
    """From here on, for this process. What a platform does not know is not limited there."""
    if sys.platform == "linux":  # elsewhere the address space is not counted, or counted with what all share
        _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(limits.niceness)


def _limit(kind: int, amount: int) -> None:
    _, most = resource.getrlimit(kind)
    amount = amount if most == resource.RLIM_INFINITY else min(amount, most)
    resource.setrlimit(kind, (amount, amount))


def allow_seconds(seconds: int) -> None:
    """Of the processor from now on; then the system ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if most == resource.RLIM_INFINITY else min(soft, most), most))
