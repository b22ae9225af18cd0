"""Do the commands of docs/operations.md change every secret, and does nobody lose anything by it?

They are read from the manual and run as they stand, in a shell; only paths, ports, ``systemctl`` and ``sudo`` lead to
the host of the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis

from deploy import processes
from tests.factories import make_picture
from tests.production.host import DEPLOY, WORKERS, Host, link_release, put_into_slot, run_host, wait_for_slot
from tests.running import ROOT, wait_for_job, wait_until
from tests.virtual_fal.running import VirtualFal, run_virtual_fal

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]

BEGINNING = ("redis", "nginx", "web@blue", "live@blue", *WORKERS, "fal")
SYSTEMCTL = """#!/bin/sh
# The target stands for all that belong to it, as PartOf= says.
verb=$1 && shift
[ "$*" != image2model.target ] || set -- {units}
exec {python} {processes} --root {root} "$verb" "$@"
"""
SUDO = """#!/bin/sh
# sudo -u postgres psql …
shift 2
program=$1 && shift
exec "$program" "$@" "{url}"
"""
MAKE_LINK = """
from accounts.access import make_access_token
from jobs.models import Job
job = Job.objects.first()
print(f"/api/v1/jobs/{job.pk}?access={make_access_token(job.owner_id, job.pk, seconds=3600)}")
"""
TELL_WEBHOOK_SECRET = "from jobs.models import Webhook; print(Webhook.objects.get().secret)"


def read_manual(title: str) -> str:
    """The block of commands below the line of the manual that begins like this."""
    manual = (ROOT / "docs/operations.md").read_text()
    match = re.search(rf"^{re.escape(title)}.*?^```sh\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
    assert match, title
    return match[1]


class Operator:
    """Somebody at the terminal of the host, with the manual in hand."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder
        folder.mkdir()
        units = " ".join(f"image2model-{name}" for name in BEGINNING)
        programs = {"python": ROOT / ".venv/bin/python", "processes": DEPLOY / "processes.py"}
        self.equip("systemctl", SYSTEMCTL.format(units=units, root=host.root, **programs))
        port = urlsplit(host.database_url).port
        self.equip("sudo", SUDO.format(url=f"postgres://postgres@127.0.0.1:{port}/postgres"))
        self.equip("manage", f'#!/bin/sh\nexec {DEPLOY}/manage --root {host.root} "$@"\n')

    def equip(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def follow(self, title: str, **environment: str) -> str:
        """Runs what the manual says; what it printed."""
        text = read_manual(title).replace("/opt/image2model/current/deploy/manage", "manage")
        text = text.replace("127.0.0.1:5432", f"127.0.0.1:{urlsplit(self.host.database_url).port}")
        text = text.replace("127.0.0.1:6379", f"127.0.0.1:{self.host.redis_port}")
        text = self.host.unit("watch").place(text)
        variables = {"PATH": f"{self.folder}:{processes.PATH}", "HOME": str(self.folder), **environment}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.host.root / "etc/image2model",
            env=variables, text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        wait_for_slot(self.host, "blue")
        return done.stdout

    def read(self, name: str) -> str:
        return (self.host.root / "etc/image2model/secrets" / name).read_text().strip()

    def tell(self, code: str) -> str:
        return self.host.manage("shell", "--verbosity", "0", "-c", code).stdout.strip()


@pytest.fixture(scope="module")
def fal() -> Iterator[VirtualFal]:
    with run_virtual_fal(proxy_port=0, run_seconds=0.2, concurrency=0) as running:
        yield running


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """Open to the user of PostgreSQL, as folders of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="image2model-rotation-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def operator(fal: VirtualFal, root: Path) -> Iterator[Operator]:
    """A host that works, with a key for FAL that FAL does not know."""
    with run_host(root) as host:
        settings = host.root / "etc/image2model/image2model.env"
        theirs = {name: value for name, value in fal.environment().items() if name != "FAL_KEY"}
        settings.write_text(settings.read_text() + "".join(f"{name}={value}\n" for name, value in theirs.items()))
        key = host.root / "etc/image2model/secrets/fal_key"
        key.chmod(0o644)
        key.write_text("unknown:to-fal")
        put_into_slot(host, link_release(host), slot="blue")
        host.start("prepare@blue", *BEGINNING[2:])
        wait_for_slot(host, "blue")
        yield Operator(host, root / "programs")


@pytest.fixture(scope="module")
def visitor(operator: Operator) -> Iterator[httpx.Client]:
    """Somebody who has logged in with a browser before anything is changed."""
    login = json.loads((operator.host.data_dir / "first-login.json").read_text())
    with operator.host.stranger(follow_redirects=True) as client:
        page = client.get("/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "username": login["email"], "password": login["password"]}
        client.post("/accounts/login/", data=form, headers={"Referer": f"{operator.host.url}/accounts/login/"})
        assert is_logged_in(client)
        yield client


def is_logged_in(client: httpx.Client) -> bool:
    return client.get("/accounts/", follow_redirects=False).status_code == 200


@pytest.fixture(scope="module")
def webhook_secret(operator: Operator) -> str:
    """It lies in the database sealed under the SECRET_KEY of the beginning."""
    with operator.host.client() as client:
        hook = {"url": "https://example.com/hook", "types": ["job.completed"]}
        made = client.post("/api/v1/webhooks", json=hook)
        assert made.status_code == 201, made.text
    return made.json()["secret"]


@pytest.fixture(scope="module")
def link(operator: Operator) -> str:
    with operator.host.client() as client:
        made = client.post("/api/v1/upload", files=[("files", ("a.png", make_picture(1)))], data={"engine": "local"})
        assert made.status_code == 200, made.text
        assert wait_for_job(client, made.json()["job_id"])["status"] == "completed"
    return operator.tell(MAKE_LINK)


def assert_works(operator: Operator) -> None:
    """An API key of before, a new job through every process, and no process that differs from the others."""
    with operator.host.client() as client:
        made = client.post(
            "/api/v1/upload", files=[("files", ("a.png", make_picture(os.getpid())))], data={"engine": "local"}
        )
        assert made.status_code == 200, made.text
        assert wait_for_job(client, made.json()["job_id"])["status"] == "completed"
    wait_until(lambda: "differ" not in operator.host.manage("doctor", check=False).stderr, what="agreement")


def test_it_works(operator: Operator, visitor: httpx.Client, webhook_secret: str, link: str):
    """The SECRET_KEY: nobody is logged out, links go on, what is sealed is opened and sealed anew."""
    before = operator.read("secret_key")
    told = operator.follow("The `SECRET_KEY`:")
    assert operator.read("secret_key") != before
    assert re.search(r"[1-9]\d* sealed anew, 0 lost", told)
    assert is_logged_in(visitor)
    with operator.host.stranger() as stranger:
        assert stranger.get(link).status_code == 200
    assert operator.tell(TELL_WEBHOOK_SECRET) == webhook_secret
    assert_works(operator)


def test_it_works_a_second_time(operator: Operator, visitor: httpx.Client, link: str):
    """Before the two weeks are over: both former keys hold."""
    operator.follow("The `SECRET_KEY`:")
    settings = (operator.host.root / "etc/image2model/image2model.env").read_text()
    [former] = re.findall(r"^SECRET_KEY_FALLBACKS=(.*)$", settings, re.MULTILINE)
    assert len(former.split(",")) == 2
    assert is_logged_in(visitor)
    with operator.host.stranger() as stranger:
        assert stranger.get(link).status_code == 200
    assert_works(operator)  # and by that the API key is hashed under the new one


def test_two_weeks_later_the_former_key_is_worth_nothing(
    operator: Operator, visitor: httpx.Client, webhook_secret: str, link: str
):
    told = operator.follow("and two weeks later")
    assert re.search(r"0 sealed anew, 0 lost", told)
    assert is_logged_in(visitor)  # the session was renewed under the new key when it was used
    assert operator.tell(TELL_WEBHOOK_SECRET) == webhook_secret
    with operator.host.stranger() as stranger:
        assert stranger.get(link).status_code == 401
    assert_works(operator)


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_pepper(operator: Operator, time: str):
    with operator.host.client() as client:
        assert client.get("/api/v1/account").status_code == 200
    operator.follow("The pepper of the API keys")
    settings = (operator.host.root / "etc/image2model/image2model.env").read_text()
    assert ("API_KEY_PEPPER_FALLBACKS=" in settings) is (time == "second")
    assert_works(operator)


def test_the_password_of_the_database(operator: Operator):
    before = operator.host.database_url
    operator.follow("The password of the database:")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(before)
    assert_works(operator)


def test_the_password_of_redis(operator: Operator):
    before = operator.read("redis_password")
    operator.follow("The password of Redis:")
    former = redis.Redis(port=operator.host.redis_port, password=before)
    with former, pytest.raises(redis.AuthenticationError):
        former.ping()
    assert_works(operator)


def test_the_key_of_fal(operator: Operator, fal: VirtualFal):
    assert fal.submits() == []
    operator.follow("The key of FAL", NEW_FAL_KEY=fal.key)
    assert operator.read("fal_key") == fal.key
    picture = [("files", ("a.png", make_picture(77, size=512)))]
    with operator.host.client() as client:
        engine = wait_until(lambda: find_offered(client), what="the offer of FAL's engines")
        made = client.post("/api/v1/upload", files=picture, data={"engine": engine})
        assert made.status_code == 200, made.text
        assert wait_for_job(client, made.json()["job_id"])["status"] == "completed"
    assert len(fal.submits()) == 1


def find_offered(client: httpx.Client) -> str:
    engines = client.get("/api/v1/models/available").json()
    return next((each["id"] for each in engines if each["id"] == "tripo-v2.5"), "")


def test_no_secret_of_any_time_is_in_a_log(operator: Operator):
    secrets = [file.read_bytes().strip() for file in (operator.host.root / "etc/image2model/secrets").iterdir()]
    for log in [*(operator.host.root / "var/log/image2model").iterdir(), *(operator.host.data_dir / "logs").iterdir()]:
        text = log.read_bytes()
        assert not any(secret and secret in text for secret in secrets), log
