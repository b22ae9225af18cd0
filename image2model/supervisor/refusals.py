"""What can make a start impossible, and which one line says so?"""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path

SPACE_TO_START = 200_000_000


class Refusal(Exception):
    """The start is impossible; the message is the one line that the person at the terminal reads."""


def require_space(folder: Path, *, at_least: int, purpose: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < at_least:
        raise Refusal(
            f"Not enough disk space: {_megabytes(free)} free in {folder}, {purpose} needs {_megabytes(at_least)}."
        )


def _megabytes(count: int) -> str:
    return f"{count // 1_000_000:,} MB"


def require_writable(folder: Path) -> None:
    """Makes the folder when it is missing, and proves that a file can be written there."""
    probe = folder / f".writable-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"image2model")
        probe.unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Refusal(f"The disk is full: nothing can be written to {folder}.") from None
        raise Refusal(
            f"The data directory {folder} is not writable ({error.strerror}). Choose another one with DATA_DIR."
        ) from None


def claim_port(host: str, port: int) -> int:
    """The port itself when it is free (0: any free one)."""
    family, address = _resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise Refusal(_explain_port(error, host, port)) from None
        return int(probe.getsockname()[1])


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Refusal(f"The host {host} is unknown. Choose one of this machine with --host.") from None
    family, _, _, _, address = found[0]
    return family, address


def _explain_port(error: OSError, host: str, port: int) -> str:
    reasons = {
        errno.EADDRINUSE: f"Port {port} is taken by another program. Choose another one with --port.",
        errno.EACCES: f"Port {port} needs administrator rights. Choose one above 1023 with --port.",
        errno.EADDRNOTAVAIL: f"The host {host} is not an address of this machine. Choose another one with --host.",
    }
    return reasons.get(error.errno or 0, f"Port {port} of {host} cannot be used: {error.strerror}.")
