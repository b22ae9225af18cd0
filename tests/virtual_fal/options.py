"""How is a virtual FAL started? Its settings, from Python or from the command line."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

DEFAULT_KEY = "virtual-fal:loopback-only"


class NotLoopbackError(ValueError):
    """The virtual FAL takes any money it is offered: it must never be reachable from outside."""


@dataclass(frozen=True, kw_only=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 0  # plain HTTP, all of FAL's hosts on one
    proxy_port: int | None = None  # CONNECT proxy with TLS for FAL's own host names; None is off
    tls_port: int | None = None  # TLS without proxy, for localhost; None is off
    state_dir: Path | None = None  # env.json, certificates, journal, files; None is a temporary directory
    key: str = DEFAULT_KEY  # the only key that is accepted
    concurrency: int = 2  # requests IN_PROGRESS at once, as new accounts have; 0 is no limit
    speed: float = 1.0  # divides the typical seconds of every endpoint
    run_seconds: float | None = None  # run time of every request that has none of its own
    queue_seconds: float = 0.0  # least time in the queue
    jitter: float = 0.0  # run time varies by this share, by picture
    scenario: str = "default"  # of requests that no script matches
    models: str = "sphere"  # sphere, or local: the product's own local engine
    glb_mb: float = 0.5
    webhook_retry_seconds: float = 5.0  # first pause before a delivery that failed is tried again; doubles
    ledger_size: int = 20_000  # status polls remembered with all their headers
    seed: int = 0
    journal: bool = False  # what was accepted survives a restart with the same state directory
    until_stdin_closes: bool = False

    def __post_init__(self) -> None:
        refuse_other_hosts(self.host)
        if self.speed <= 0 or self.concurrency < 0:
            raise ValueError("speed must be above 0 and concurrency 0 or more")


def refuse_other_hosts(host: str) -> None:
    """Raise unless ``host`` is a numeric loopback address (a name could resolve to anything)."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopbackError(f"the virtual FAL binds to loopback addresses only, not to {host!r}")


def parse_command_line(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.virtual_fal", description=__doc__)
    for field in fields(Options):
        flag = "--" + field.name.replace("_", "-")
        if field.type == "bool":
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, type=_type_of(str(field.type)), default=field.default)
    return Options(**vars(parser.parse_args(arguments)))


def write_command_line(options: Options) -> list[str]:
    """The flags that make ``parse_command_line`` return these options again."""
    flags: list[str] = []
    for field in fields(Options):
        value = getattr(options, field.name)
        flag = "--" + field.name.replace("_", "-")
        if value is True:
            flags.append(flag)
        elif value not in (None, False, field.default) or (value == 0 and value != field.default):
            flags += [flag, str(value)]
    return flags


def _type_of(annotation: str) -> type:
    name = annotation.split(" ")[0]
    return {"int": int, "float": float, "Path": Path}.get(name, str)
