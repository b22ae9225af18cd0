"""In which order does a release speak to Docker? With a docker that notes what it is told: there is none here."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.production.host import DEPLOY, run_quietly

FAKE = """#!/bin/sh
echo "$(basename "$0") TAG=${TAG:-} $*" >>"$CALLS"
case "$*" in
    *"ps --quiet nginx"*) echo 123 ;;
    *accounts/login*) echo csrfmiddlewaretoken ;;
esac
case "$*" in *"$BREAK"*) exit 1 ;; esac
"""


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    programs, source = tmp_path / "bin", tmp_path / "source"
    for folder in (programs, source / "secrets", source / "certificates"):
        folder.mkdir(parents=True)
    for name in ("docker", "curl"):
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    subprocess.run([DEPLOY / "make-secrets", source / "secrets"], check=True)
    for name in ("chain.pem", "key.pem"):
        (source / "certificates" / name).write_text("a certificate")
    (source / ".env").write_text("DOMAIN=models.example.org\n")
    for command in (["init", "--quiet"], ["add", ".env"], ["commit", "--quiet", "--message", "first"]):
        who = ["-c", "user.name=Tests", "-c", "user.email=tests@example.org"]
        subprocess.run(["git", *who, *command], cwd=source, check=True)
    return tmp_path


def release(yard: Path, *arguments: str, breaking: str = "nothing of it") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{yard}/bin:{os.environ['PATH']}", "CALLS": str(yard / "calls"), "BREAK": breaking,
                   "SOURCE": str(yard / "source"), "PATIENCE": "1", "DRAIN_SECONDS": "0"}  # fmt: skip
    command = [DEPLOY / "release.sh", "--driver", "compose", "--root", yard, "--skip-tests", "--canary-seconds", "1"]
    return run_quietly([*command, *arguments], env=environment)


def read_calls(yard: Path, *words: str) -> list[str]:
    """What was told, by the words that are looked for, in order."""
    calls = (yard / "calls").read_text().splitlines()
    return [word for call in calls for word in words if word in call]


def test_it_works(yard: Path):
    first = release(yard, "HEAD")
    assert first.returncode == 0, first.stdout + first.stderr
    (yard / "calls").unlink()
    second = release(yard, "--canary", "10", "HEAD")
    assert second.returncode == 0, second.stdout + second.stderr
    steps = ("build --quiet", "run --rm prepare python manage.py change_schema --check", "web-green live-green",
             "upstreams.conf blue green 10", "upstreams.conf green blue 0", "worker-local worker-post",
             "stop live web", "change_schema --contract")  # fmt: skip
    told = read_calls(yard, *[step for step in steps if step != "web-green live-green"])
    assert told == [  # in this order
        "build --quiet", "run --rm prepare python manage.py change_schema --check", "upstreams.conf blue green 10",
        "upstreams.conf green blue 0", "worker-local worker-post", "stop live web", "change_schema --contract",
    ]  # fmt: skip
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=yard / "source", text=True, capture_output=True, check=True
    ).stdout.strip()
    tags = dict(line.split("=") for line in (yard / "source/.env").read_text().splitlines())
    assert tags == {"DOMAIN": "models.example.org", "BLUE_TAG": commit, "GREEN_TAG": commit, "TAG": commit}
    assert (yard / "opt/image2model/active").read_text() == "green\n"


@pytest.mark.parametrize("breaking", ["up --detach --no-deps web live", "/accounts/login", "prepare python manage.py"])
def test_a_broken_release_goes_back(yard: Path, breaking: str):
    assert release(yard, "HEAD").returncode == 0
    assert release(yard, "HEAD").returncode == 0
    (yard / "calls").unlink()
    done = release(yard, "HEAD", breaking=breaking)
    assert done.returncode == 1
    assert read_calls(yard, "upstreams.conf blue", "stop live web")[-1] == "stop live web"
    assert (yard / "opt/image2model/active").read_text() == "green\n"
    last = json.loads((yard / "var/log/image2model/releases.jsonl").read_text().splitlines()[-1])
    assert (last["outcome"], last["tests"]) == ("rolled_back", "skipped")


def test_missing_secrets_stop_it(yard: Path):
    (yard / "source/secrets/redis_url").unlink()
    done = release(yard, "HEAD")
    assert done.returncode == 1
    assert "secrets/redis_url is missing" in done.stderr
