"""Through which doors does the product speak to others? Only these modules open connections, each to what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings

CLIENTS = frozenset(
    ("aiohttp", "boto3", "botocore", "ftplib", "http.client", "httpcore", "httpx", "requests", "smtplib", "socket",
     "ssl", "telnetlib", "urllib.request", "urllib3", "websockets", "fal_client", "paramiko", "pycurl")
)  # fmt: skip

# Module: what it speaks to. An address that a stranger named is called by jobs.egress.posting alone.
DOORS = {
    "jobs/egress/posting.py": "webhooks of users: judged, looked up, connected to that very address",
    "jobs/egress/addresses.py": "looks names up, and connects to nothing",
    "jobs/postman.py": "hands users' webhooks to jobs.egress.posting",
    "jobs/engines/fal/": "FAL: addresses built from fixed hosts, answers checked against them",
    "jobs/fal/": "FAL, through jobs/engines/fal",
    "image2model/object_storage.py": "the operator's own S3",
    "image2model/storage.py": "the operator's own S3",
    "image2model/ops/alerts/": "the operator's own mail server",
    "image2model/ops/": "the operator's own servers",
    "image2model/supervisor/": "our own processes on this machine",
    "jobs/confined/": "its own child, by a pair of sockets",
    "jobs/management/commands/work": "asks for the name of this machine",
    "jobs/services/processes.py": "asks for the name of this machine",
}
ANSWERS_OF_STRANGERS = "jobs/egress/posting.py"


def list_modules() -> dict[str, ast.Module]:
    found = {}
    for package in ("accounts", "image2model", "jobs"):
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            found[str(path.relative_to(settings.BASE_DIR))] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def list_imports(module: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def find_clients(module: ast.Module) -> set[str]:
    return {
        client for name in list_imports(module) for client in CLIENTS if name == client or name.startswith(f"{client}.")
    }


def test_nobody_else_opens_a_connection():
    strangers = {
        path: clients
        for path, module in list_modules().items()
        if (clients := find_clients(module)) and not path.startswith(tuple(DOORS))
    }
    assert strangers == {}


def test_it_sees_every_way_of_importing():
    for line in ("import httpx", "from urllib import request", "import urllib.request as r", "from http import client",
                 "from aiohttp import ClientSession", "def f():\n    import requests.sessions"):  # fmt: skip
        assert find_clients(ast.parse(line)), line
    assert not find_clients(
        ast.parse("from jobs.api import requests\nimport urllib.parse\nfrom http import HTTPStatus")
    )


def test_what_users_name_is_called_by_one_module_alone():
    """Whoever reads the address of a webhook hands it to that module, and loads no client of its own."""
    for path, module in list_modules().items():
        if path.startswith(("jobs/services/webhooks/", "jobs/views/", "jobs/api/", "jobs/models/", "accounts/")):
            assert not find_clients(module), path
    posting = ast.parse(Path(settings.BASE_DIR / ANSWERS_OF_STRANGERS).read_text())
    calls = {node.attr for node in ast.walk(posting) if isinstance(node, ast.Attribute)}
    assert not calls & {"get", "request", "head", "put", "delete", "ws_connect"}


def test_a_session_to_strangers_follows_nothing_and_remembers_nothing():
    text = Path(settings.BASE_DIR / ANSWERS_OF_STRANGERS).read_text()
    for promise in ("allow_redirects=False", "trust_env=False", "use_dns_cache=False", "DummyCookieJar", "force_close"):
        assert promise in text
