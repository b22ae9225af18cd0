"""What may be said on the command line of ``bin/up``?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

_DESCRIPTION = """\
Runs the whole of Image2Model in the foreground: the pages and the API, the workers, the watcher, and a small
embedded Valkey unless REDIS_URL names a server. The first time it also sets up everything they need.
Ctrl-C stops all of it.
"""
_SETTINGS = """\
Settings come from the environment, among them DATA_DIR (where everything is kept, default: data), DATABASE_URL,
REDIS_URL, FAL_KEY, ALLOWED_HOSTS and PUBLIC_URL.
"""
MOST_WORKERS = 64
AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Options:
    host: str
    port: int
    workers: int | str  # how many, or auto
    virtual_fal: bool = False


def read_options(argv: Sequence[str]) -> Options:
    """Leaves the program with a usage line when the arguments are wrong, as command lines do."""
    parser = argparse.ArgumentParser(
        prog="bin/up",
        description=_DESCRIPTION,
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=8000, help="where the pages are served (default 8000; 0: any)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--workers",
        type=_workers,
        default=2,
        help="processes that make models here (default 2; auto: as many as the queue needs, from MIN_ to MAX_WORKERS)",
    )
    parser.add_argument(
        "--virtual-fal",
        action="store_true",
        help="try FAL's engines without a key: a server on this machine stands in, models and prices are made up",
    )
    return Options(**vars(parser.parse_args(argv)))


def _port(text: str) -> int:
    return _whole_number(text, lowest=0, highest=65535)


def _workers(text: str) -> int | str:
    return AUTO if text == AUTO else _whole_number(text, lowest=1, highest=MOST_WORKERS)


def _whole_number(text: str, *, lowest: int, highest: int) -> int:
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}")
    return int(text)
