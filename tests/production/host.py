"""How does a test get a production host? The units' own commands as plain processes below a private root."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import trustme
from psycopg import sql

from deploy import processes
from tests.running import ROOT, wait_until
from tests.servers import find_free_port, run_postgres

NGINX, REDIS = "/usr/sbin/nginx", "/usr/bin/redis-server"
WORKERS = ("local", "post", "watch")
SLOTS = ("blue", "green")
DEPLOY = ROOT / "deploy"
FOLDERS = (
    *("etc/image2model/slots", "opt/image2model/slots", "run/image2model", "var/cache/image2model"),
    *("var/log/image2model", "var/lib/image2model/redis", "var/lib/image2model/acme"),
)
# What a release is made of; never the private data of the checkout.
LEFT_OUT = {"data", ".git", "collected", ".schemathesis"}


@dataclass(kw_only=True)
class Host:
    """A production host under ``root``: addresses, ports, and what runs there."""

    root: Path
    https_port: int
    http_port: int
    certificate: Path
    database_url: str
    redis_port: int
    ports: dict[str, tuple[int, int]]
    key: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def data_dir(self) -> Path:
        return self.root / "var/lib/image2model"

    def unit(self, name: str) -> processes.Unit:
        return processes.read_unit(f"image2model-{name}", root=self.root)

    def start(self, *names: str) -> None:
        self.control("start", *names)

    def stop(self, *names: str) -> None:
        self.control("stop", *names)

    def control(self, verb: str, *names: str) -> None:
        """As a person would, from a terminal: what is started must not be a child of the test."""
        units = [f"image2model-{name}" for name in names]
        command = [sys.executable, DEPLOY / "processes.py", "--root", self.root, verb, *units]
        done = run_quietly(command)
        assert done.returncode == 0, done.stderr

    def pid(self, name: str) -> int:
        found = processes.find_process(self.unit(name))
        assert found is not None, f"{name} does not run"
        return found

    def log(self, name: str) -> str:
        return self.unit(name).log_file.read_text(errors="replace")

    def manage(self, *arguments: str, slot: str = "blue", check: bool = True) -> subprocess.CompletedProcess[str]:
        """A management command in the environment of the slot's own web process."""
        unit = self.unit(f"web@{slot}")
        processes.write_credentials(unit)
        folder = unit.last("WorkingDirectory")
        command = [f"{folder}/.venv/bin/python", "manage.py", *arguments]
        environment = processes.read_environment(unit)
        return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=check)

    def client(self, **options: object) -> httpx.Client:
        """A client of the API through nginx, as the first admin."""
        self.key = self.key or self.manage("createapikey", "admin@example.org", "--scopes", "read,write").stdout.strip()
        return self.stranger(headers={"Authorization": f"Bearer {self.key}"}, **options)

    def stranger(self, **options: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.trust(), timeout=90, **options)  # type: ignore[arg-type]

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    @cached_property
    def trusted(self) -> ssl.SSLContext:
        return self.trust()

    def write_upstreams(self, *arguments: str) -> None:
        command = [DEPLOY / "nginx/write-upstreams", self.root / "etc/image2model/nginx/upstreams.conf", *arguments]
        subprocess.run(command, env=self.environment, check=True)


def require_servers() -> None:
    """Debian's nginx-light and redis-server, which .ci/run installs."""
    missing = [program for program in (NGINX, REDIS) if not Path(program).exists()]
    if missing and not os.environ.get("REQUIRE_PRODUCTION"):
        pytest.skip(f"{' and '.join(missing)} must be installed")
    assert not missing, missing


@contextmanager
def run_host(root: Path) -> Iterator[Host]:
    """Database, Redis and nginx run; the slots and workers are for the test to start."""
    require_servers()
    with ExitStack() as stack:
        host = lay_out(root, database_url=stack.enter_context(run_guarded_postgres(root)))
        stack.callback(stop_everything, host)
        host.start("redis", "nginx")
        yield host


@contextmanager
def run_guarded_postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL that asks for a password; with a role and a database of ours."""
    with run_postgres(folder) as url:
        password = "only-for-this-test"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET password_encryption = 'scram-sha-256'")
            connection.execute(sql.SQL("CREATE ROLE image2model LOGIN PASSWORD {}").format(password))
            connection.execute("CREATE DATABASE image2model OWNER image2model")
        guard = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (folder / "postgres/data/pg_hba.conf").write_text(guard)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        parts = urlsplit(url)
        # More patience than the product's own: the machine of the tests is busy, its database does not hang.
        yield f"postgres://image2model:{password}@127.0.0.1:{parts.port}/image2model?connect_timeout=20"


def lay_out(root: Path, *, database_url: str) -> Host:
    """Every file of an installation at its place below the root, as docs/deployment.md says."""
    etc = root / "etc/image2model"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    host = Host(
        root=root, https_port=find_free_port(), http_port=find_free_port(), redis_port=find_free_port(),
        certificate=etc / "ca.pem", database_url=database_url,
        ports={slot: (find_free_port(), find_free_port()) for slot in SLOTS},
    )  # fmt: skip
    _write_secrets(host)
    _write_settings(host)
    _write_nginx(host)
    port = f"port {host.redis_port}"
    (etc / "redis.conf").write_text((DEPLOY / "redis.conf").read_text().replace("port 6379", port))
    return host


def _write_secrets(host: Host) -> None:
    folder = host.root / "etc/image2model/secrets"
    redis = f"127.0.0.1:{host.redis_port}"
    subprocess.run([DEPLOY / "make-secrets", folder, "127.0.0.1:5432", redis], check=True)
    (folder / "database_url").chmod(0o600)
    (folder / "database_url").write_text(host.database_url)


def _write_settings(host: Host) -> None:
    etc = host.root / "etc/image2model"
    settings = {"DATA_DIR": host.data_dir, "HTTPS": "true", "PUBLIC_URL": host.url, "ACCEL_LOCATION": "/_files/",
                "ALLOWED_HOSTS": "localhost,127.0.0.1", "WEB_WORKERS": "2", "MIN_WORKERS": "2"}  # fmt: skip
    (etc / "image2model.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    for slot, (web, live) in host.ports.items():
        (etc / f"slots/{slot}.env").write_text(f"WEB_PORT={web}\nLIVE_PORT={live}\n")


def _write_nginx(host: Host) -> None:
    etc = host.root / "etc/image2model"
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(host.certificate)
    certificate.private_key_pem.write_to_path(etc / "key.pem")
    (etc / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    host.environment = {
        **{name: f"127.0.0.1:{web} 127.0.0.1:{live}" for name, (web, live) in
           ((slot.upper(), ports) for slot, ports in host.ports.items())},
        "PATH": processes.PATH, "SERVER_NAMES": "localhost", "HTTP_LISTEN": f"127.0.0.1:{host.http_port}",
        "HTTPS_LISTEN": f"127.0.0.1:{host.https_port}", "CERTIFICATE": str(etc / "chain.pem"),
        "CERTIFICATE_KEY": str(etc / "key.pem"), "FILES_DIR": str(host.data_dir / "files"),
        "RUN_DIR": str(host.root / "run/image2model"), "CACHE_DIR": str(host.root / "var/cache/image2model"),
        "ACCESS_LOG": str(host.root / "var/log/image2model/access.log"), "ACME_DIR": str(host.data_dir / "acme"),
        "USER_LINE": "user root;" if os.getuid() == 0 else "",
    }  # fmt: skip
    subprocess.run([DEPLOY / "nginx/render", etc / "nginx"], env=host.environment, check=True)
    host.write_upstreams("blue")


def link_release(host: Host, *, name: str = "working-tree", source: Path = ROOT) -> Path:
    """The checkout as a release, without copying it; its static files are collected into the release's own folder."""
    release = host.root / "opt/image2model/releases" / name
    release.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in LEFT_OUT:
            (release / entry.name).symlink_to(entry)
    return release


def put_into_slot(host: Host, release: Path, *, slot: str) -> None:
    """As deploy/release.sh does: link, collect, prepare."""
    folder = host.root / "opt/image2model"
    (folder / "slots" / slot).symlink_to(release)
    host.manage("prepare", "--only-static", slot=slot)
    if not (folder / "current").exists():
        (folder / "current").symlink_to(release)


def wait_for_slot(host: Host, slot: str) -> None:
    for port in host.ports[slot]:
        url = f"http://127.0.0.1:{port}/health"

        def answers(url: str = url) -> bool:
            try:
                return httpx.get(url, timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, what=url)


def stop_everything(host: Host) -> None:
    """Whatever of it still runs, by the numbers that were noted."""
    names = [file.stem.removeprefix("image2model-") for file in (host.root / "run/image2model/processes").glob("*.pid")]
    if names:
        host.stop(*sorted(names, key=lambda name: name in ("redis", "nginx")))
    shutil.rmtree(host.root / "run/image2model/processes", ignore_errors=True)


def run_quietly(command: Sequence[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload]
