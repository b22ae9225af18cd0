"""Which processes make up the product, with which commands and which secrets?"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image2model.supervisor.child import ChildSpec
from image2model.supervisor.instance import Instance
from image2model.supervisor.options import Options
from image2model.supervisor.processes import DATA_DIR_MARK
from image2model.supervisor.valkey import describe_valkey
from image2model.supervisor.virtual_fal import choose_port, describe_virtual_fal, list_variables

ROOT = Path(__file__).resolve().parent.parent.parent
_STORE, _WEB, _WORKERS = range(3)
_FAL_NAMES = ("FAL_KEY", "FAL_KEY_FILE")
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on  # nosec B104


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run: the store, what prepares the data, the children, and what makes the first model."""

    url: str
    store: ChildSpec | None
    prepare: ChildSpec | None
    children: tuple[ChildSpec, ...]
    first_model: ChildSpec | None
    environment: Mapping[str, str]
    virtual_fal: ChildSpec | None = None


def draw_plan(options: Options, *, configuration: Mapping[str, Any], instance: Instance) -> Plan:
    store, redis_url = None, configuration["REDIS_URL"]
    if not redis_url:
        store, redis_url = describe_valkey(instance.data_dir)
    instance.tell_redis_url(redis_url)
    virtual_fal, secrets = None, {name: os.environ[name] for name in _FAL_NAMES if name in os.environ}
    if options.virtual_fal:
        port = choose_port()
        virtual_fal = describe_virtual_fal(instance.data_dir, port=port, stage=_STORE)
        secrets = list_variables(instance.data_dir, port=port)
    return Plan(
        url=_show_url(options),
        store=store,
        virtual_fal=virtual_fal,
        prepare=ChildSpec(name="prepare", argv=_manage("prepare", "--login-file", str(instance.login_file))),
        children=list_children(options, secrets=secrets if virtual_fal or configuration["FAL_KEY"] else {}),
        first_model=ChildSpec(name="sample", argv=_manage("first_model")),
        environment={
            **_inherit(options),
            "DATA_DIR": str(instance.data_dir),
            "REDIS_URL": redis_url,
            "SECRET_KEY": configuration["SECRET_KEY"] or instance.keep_secret_key(),
            DATA_DIR_MARK: str(instance.data_dir),
            **({"VIRTUAL_FAL": "true"} if virtual_fal else {}),
        },
    )


def _inherit(options: Options) -> dict[str, str]:
    """Our own environment without the key to FAL: the web process faces the world."""
    environment = {name: value for name, value in os.environ.items() if name not in _FAL_NAMES}
    environment["PYTHONUNBUFFERED"] = "1"
    environment.setdefault("LOG_FORMAT", "text")  # our lines are for people; DATA_DIR/logs has them as JSON
    if options.host not in _ANYWHERE and not environment.get("ALLOWED_HOSTS"):
        environment["ALLOWED_HOSTS"] = f"127.0.0.1,localhost,[::1],{_bracket(options.host)}"
    return environment


def list_children(options: Options, *, secrets: Mapping[str, str]) -> tuple[ChildSpec, ...]:
    """``secrets``: what the processes that call FAL need; none without a key."""
    return _describe_web(options), *_list_workers(options, secrets=secrets)


def _describe_web(options: Options) -> ChildSpec:
    command = (
        *("uvicorn", "image2model.asgi:application", "--host", options.host, "--port", str(options.port)),
        *("--timeout-graceful-shutdown", "2", "--no-server-header", "--no-access-log", "--log-level", "warning"),
        *("--ws-max-size", "65536"),  # clients have nothing to say
    )
    return ChildSpec(
        name="web",
        argv=(sys.executable, "-m", *command),
        stage=_WEB,
        is_ready=lambda: answers_health(_reachable(options.host), options.port),
    )


def _list_workers(options: Options, *, secrets: Mapping[str, str]) -> list[ChildSpec]:
    workers = [_describe_worker("local", count=str(options.workers))]
    callers = ("fal", "watch") if secrets else ("watch",)  # one parent: they share what they load
    return [*workers, _describe_worker("post"), _describe_worker(*callers, environment=secrets)]


def _describe_worker(*queues: str, count: str = "1", environment: Mapping[str, str] | None = None) -> ChildSpec:
    argv = _manage("work", *queues, "--count", count)
    return ChildSpec(name="+".join(queues), argv=argv, environment=environment or {}, stage=_WORKERS)


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(ROOT / "manage.py"), *arguments)


async def answers_health(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {_bracket(host)}:{port}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # nosec B104


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _show_url(options: Options) -> str:
    return f"http://{_bracket(_reachable(options.host))}:{options.port}"
