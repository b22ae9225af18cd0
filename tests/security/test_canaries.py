"""Where do secrets end up? A running product is given some that are known again, and is used; then all is searched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from tests.pictures import draw_blob, encode_png
from tests.running import Product, run_product, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

FAL_KEY = "1a2b3c4d-c0de-4000-8000-canarycanary".replace("canarycanary", "0123456789ab") + ":" + "ca9a41" * 5 + "00"
METRICS_TOKEN = "canary-of-the-metrics-0123456789"
SECRET_KEY = "canary-of-the-secret-key-0123456789-0123456789-abcdefghijk"
PEPPER = "canary-of-the-pepper-0123456789-0123456789-abcdefghijkl"
MAIL_PASSWORD = "canary-of-the-mail"
PASSWORD = "canary-of-a-password"


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Iterator[Product]:
    wishes = {
        "FAL_KEY": FAL_KEY,
        "FAL_BASE_URL": "http://127.0.0.1:9",  # nobody answers: faults are told in the log
        "METRICS_TOKEN": METRICS_TOKEN,
        "ALLOW_PRIVATE_WEBHOOKS": "true",
        "SECRET_KEY": SECRET_KEY,
        "API_KEY_PEPPER": PEPPER,
        "EMAIL_URL": f"smtp://me:{MAIL_PASSWORD}@127.0.0.1:9",
    }
    with run_product(tmp_path_factory.mktemp("canaries"), workers=1, **wishes) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(product) -> dict[str, str]:
    """Every secret by name, after each was used rightly and wrongly; what was answered is under ``told``."""
    told: list[str] = []
    with product.client() as client:
        made = client.post("/api/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"})
        hook = made.json()
        client.post(f"/api/v1/webhooks/{hook['id']}/test")
        picture = {"files": ("mug.png", encode_png(draw_blob(1)), "image/png")}
        told += [client.post("/api/v1/upload", files=picture, data={"engine": engine}).text for engine in
                 ("local", "tripo-v2.5", "no-such")]  # fmt: skip
        for path in ("jobs", "account", "keys", "webhooks", "health/detailed", "models/available", "jobs/nonsense"):
            told.append(client.get(f"/api/v1/{path}").text)
        told.append(client.get(f"/api/v1/jobs?access={product.key}&token={METRICS_TOKEN}").text)
        told.append(client.get("/api/v1/health/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text)
    session, page = _use_the_portal(product)
    told.append(page)
    product.manage("doctor", check=False)
    wait_until(lambda: "fal" in _read_logs(product), what="a line of the worker that calls FAL")
    return {
        "FAL key": FAL_KEY, "half of it": FAL_KEY.partition(":")[2], "metrics token": METRICS_TOKEN,
        "secret key": SECRET_KEY, "pepper": PEPPER, "mail password": MAIL_PASSWORD, "password": PASSWORD,
        "API key": product.key, "webhook secret": hook["secret"], "session": session, "told": "\n".join(told),
    }  # fmt: skip


def _use_the_portal(product: Product) -> tuple[str, str]:
    """Make an account, sign out and in again, guess wrong. The last session's id, and what was shown."""
    with httpx.Client(base_url=product.url, follow_redirects=True, timeout=60) as browser:
        shown = []

        def send(path: str, **form: str) -> None:
            page = browser.get(path).text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            answer = browser.post(path, data={**form, "csrfmiddlewaretoken": token[1] if token else ""})
            shown.append(answer.text)

        send("/accounts/signup/", email="canary@example.org", password=PASSWORD)
        send("/accounts/password/", old_password="wrong", new_password1=PASSWORD + "2", new_password2=PASSWORD + "2")
        session = browser.cookies["sessionid"]
        shown.append(browser.get("/accounts/security/").text)
        shown.append(browser.get(f"/models?search={PASSWORD}").status_code and "")
        return session, "\n".join(shown)


def _read_logs(product: Product) -> str:
    files = [path.read_text(errors="replace") for path in (product.data_dir / "logs").rglob("*") if path.is_file()]
    return "".join([*files, *product.lines])


SECRET_NAMES = ("FAL key", "half of it", "metrics token", "secret key", "pepper", "mail password", "password",
                "API key", "webhook secret", "session")  # fmt: skip


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_no_log_tells_it(product, secrets, name):
    text = _read_logs(product)
    assert len(text) > 1000
    assert secrets[name] not in text


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_no_answer_tells_it(secrets, name):
    assert secrets[name] not in secrets["told"]


@pytest.mark.parametrize("name", [name for name in SECRET_NAMES if name != "session"])
def test_the_database_does_not_hold_it(product, secrets, name):
    """A session's id is what is looked up by; everything else lies as a hash or sealed."""
    stored = b"".join(path.read_bytes() for path in product.data_dir.glob("image2model.sqlite3*"))
    assert len(stored) > 10_000
    assert secrets[name].encode() not in stored


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_redis_does_not_hold_it(product, secrets, name):
    with redis.Redis.from_url(product.environment["REDIS_URL"]) as store:
        held = [store.dump(key) or b"" for key in store.keys("*")]
    assert secrets[name].encode() not in b"".join(held)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_no_file_and_no_command_line_holds_it(product, secrets, name):
    kept = [path for path in product.data_dir.rglob("*") if path.is_file() and not path.is_socket()]
    holding = {path.name for path in kept if secrets[name].encode() in path.read_bytes()}
    allowed = {"image2model.sqlite3", "image2model.sqlite3-wal"} if name == "session" else set()
    assert holding <= allowed
    assert not [command for command in product.processes().values() if secrets[name] in command]


def test_only_those_who_call_fal_have_its_key(product, secrets):
    holders = {
        product.processes()[pid].split("manage.py ")[-1].strip()
        for pid in product.processes()
        if FAL_KEY.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    }
    assert holders == {"work fal watch --count 1"}
    web = product.find("uvicorn")
    assert web
    assert not any(b"FAL_KEY" in Path(f"/proc/{pid}/environ").read_bytes() for pid in web)
