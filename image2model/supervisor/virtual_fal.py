"""How does the product run against the virtual FAL, so that everything can be tried without a key?

The client is not patched: a proxy and a certificate authority of our own make its processes take the server on
this machine for FAL. Nothing of them can reach the real one.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import closing
from pathlib import Path

from image2model.supervisor.child import ChildSpec

FOLDER = "virtual-fal"
KEY = "virtual-fal:loopback-only"  # no secret: it opens nothing but the server beside it
SPEED = "10"  # times faster than the real engines: a model in seconds, with a queue to be seen


def describe_virtual_fal(data_dir: Path, *, port: int, stage: int) -> ChildSpec:
    """The server behind a proxy on this port of the loopback."""
    folder = data_dir / FOLDER
    folder.mkdir(exist_ok=True)
    where = ("--proxy-port", str(port), "--state-dir", str(folder), "--key", KEY)
    how = ("--models", "local", "--speed", SPEED, "--scenario", "progress", "--journal")
    return ChildSpec(
        name="virtual-fal",
        argv=(sys.executable, "-m", "tests.virtual_fal", *where, *how),
        stage=stage,
        is_ready=lambda: _accepts(port),
        is_quiet=True,
    )


def list_variables(data_dir: Path, *, port: int) -> dict[str, str]:
    """What the processes that call FAL need, and no other."""
    return {
        "FAL_KEY": KEY,
        "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        "NO_PROXY": "",
        "SSL_CERT_FILE": str(data_dir / FOLDER / "ca.pem"),
    }


def choose_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
