"""Do the containers run what the units and ``bin/up`` run, each with no more rights and secrets than it needs?"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import processes
from image2model.configuration import SETTINGS
from image2model.supervisor.options import Options
from image2model.supervisor.stack import list_children
from jobs import queue

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
APP = {"web", "live", "web-green", "live-green", "prepare", "worker-local", "worker-post", "worker-watch", "worker-fal"}
WORKERS = {"worker-local": "local", "worker-post": "post", "worker-watch": "watch", "worker-fal": "fal"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def production(compose) -> dict[str, dict]:
    return {name: service for name, service in compose["services"].items() if name != "development"}


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def read_stage(dockerfile: str, name: str) -> str:
    match = re.search(rf"^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", dockerfile, re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


def read_command(stage: str) -> list[str]:
    return list(yaml.safe_load(re.findall(r"^CMD (.*)$", stage, re.MULTILINE)[-1]))


def program_of(command: list[str]) -> str:
    """What is run: not where Python lies, where it listens or how often it runs."""
    words = [Path(word).name if word.endswith("manage.py") else word for word in command]
    words = words[words.index("-m") + 1 :] if "-m" in words else words[1:]
    text = re.sub(r"--(host|bind|port|workers|count) \S+", "", " ".join(words))
    return " ".join(text.split())


def program_of_unit(name: str) -> str:
    unit = processes.read_unit(f"image2model-{name}", root=Path("/"))
    return program_of(shlex.split(unit.last("ExecStart")))


def test_it_works(compose):
    """By the schema of the Compose specification."""
    command = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "compose.yaml"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_word_that_compose_does_not_know_is_found(tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {web: {imagine: x}}")
    command = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_the_dockerfile_is_clean():
    done = subprocess.run([PROGRAMS / "hadolint", ROOT / "Dockerfile"], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_commands_are_those_of_the_units(production, dockerfile):
    assert program_of(read_command(read_stage(dockerfile, "product"))) == program_of_unit("web@blue")
    assert program_of(production["live"]["command"]) == program_of_unit("live@blue")
    for service, unit in WORKERS.items():
        assert program_of(production[service]["command"]) == program_of_unit(unit)
    assert production["web-green"].get("command") is None
    assert production["live-green"]["command"] == production["live"]["command"]


def read_limits(command: list[str]) -> dict[str, str]:
    """What bounds strangers: the words with a number behind, but not where a server listens or how often it runs."""
    pairs = dict(pairwise(command))
    named = {word for word in pairs if word.startswith("--") and pairs[word].isdecimal()}
    return {word: pairs[word] for word in sorted(named - {"--port", "--workers", "--verbosity"})}


def test_the_limits_are_those_of_bin_up(production, dockerfile):
    """What differs is said: several processes behind nginx end slowly and keep its connections open."""
    [web] = [
        child for child in list_children(Options(host="::", port=8000, workers=1), secrets={}) if child.name == "web"
    ]
    ours, theirs = read_limits(list(web.argv)), read_limits(read_command(read_stage(dockerfile, "product")))
    own = {"--timeout-graceful-shutdown", "--timeout-keep-alive", "--timeout-worker-healthcheck"}
    assert {word: theirs[word] for word in theirs.keys() - own} == {word: ours[word] for word in ours.keys() - own}
    live = read_limits(production["live"]["command"])
    assert set(live.values()) == {theirs["--ws-max-size"]}
    assert live.keys() == {"--websocket-max-message-size", "--websocket-max-frame-size"}


def read_queues(command: list[str]) -> set[str]:
    return set(queue.QUEUES).intersection(program_of(command).split())


def test_bin_up_runs_the_same_workers(production):
    """Each queue has its own container, where ``bin/up`` saves memory."""
    children = list_children(Options(host="0.0.0.0", port=8000, workers=2), secrets={"FAL_KEY": "key"})
    ours = set().union(*(read_queues(list(child.argv)) for child in children if child.name != "web"))
    theirs = [read_queues(production[name]["command"]) for name in WORKERS]
    assert set().union(*theirs) == ours == set(queue.QUEUES)
    assert all(len(queues) == 1 for queues in theirs)


def test_development_is_bin_up_itself(compose, dockerfile):
    ours = compose["services"]["development"]
    assert ours["command"].startswith(" ".join(read_command(read_stage(dockerfile, "development"))))
    assert {rule["action"] for rule in ours["develop"]["watch"]} == {"rebuild", "sync+restart"}
    assert ours["ports"] == ["127.0.0.1:8000:8000"]


def test_only_nginx_is_exposed(production):
    assert [name for name, service in production.items() if "ports" in service] == ["nginx"]


def test_databases_are_out_of_nginx_s_reach(compose, production):
    assert compose["networks"]["inside"]["internal"]
    assert production["postgres"]["networks"] == production["redis"]["networks"] == ["inside"]
    assert production["nginx"]["networks"] == ["front"]


def test_every_container_is_confined(production):
    for name, service in production.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert "privileged" not in service


def test_every_container_has_a_health_check(production, dockerfile):
    own = {"web", "web-green", "nginx"}  # the image's
    assert "HEALTHCHECK" in read_stage(dockerfile, "product")
    assert "HEALTHCHECK" in read_stage(dockerfile, "proxy")
    without = {name for name, service in production.items() if "test" not in service.get("healthcheck", {})}
    assert without == own | {"prepare"}


def test_nothing_runs_as_root_and_the_last_stage_builds_nothing(dockerfile):
    for stage in ("product", "proxy", "development"):
        assert re.search(r"^USER 10001:10001$", read_stage(dockerfile, stage), re.MULTILINE), stage
    assert not re.search(r"pip install|apt-get|gcc|build-essential|installation\.py", read_stage(dockerfile, "product"))


def test_every_base_is_pinned(dockerfile, production):
    stages = set(re.findall(r" AS (\S+)$", dockerfile, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) - stages
    others = {service["image"] for service in production.values() if "image2model" not in service["image"]}
    for image in bases | others:
        assert re.search(r":\d+\.\d+(\.\d+)?-", image), image


def test_secrets_come_as_files(compose, production):
    known = set(compose["secrets"])
    for name, service in production.items():
        named = set(service.get("secrets", []))
        assert named <= known
        for variable, value in service.get("environment", {}).items():
            if variable.endswith("_FILE"):
                assert Path(value).name in named, (name, variable)
    secret = {setting.name for setting in SETTINGS if setting.secret}
    assert not [name for name, service in production.items() if secret & set(service.get("environment", {}))]


def test_the_secrets_are_those_that_are_made(compose, tmp_path):
    made = tmp_path / "secrets"
    subprocess.run([ROOT / "deploy/make-secrets", made, "postgres:5432", "redis:6379"], check=True)
    assert {Path(entry["file"]).name for entry in compose["secrets"].values()} == {file.name for file in made.iterdir()}
    before = {file.name: file.read_text() for file in made.iterdir()}
    subprocess.run([ROOT / "deploy/make-secrets", made], check=True)  # what is there stays
    assert {file.name: file.read_text() for file in made.iterdir()} == before
    assert len(before["secret_key"]) == 64
    assert before["database_url"] == f"postgres://image2model:{before['postgres_password']}@postgres:5432/image2model"
    assert made.stat().st_mode & 0o777 == 0o700


def test_only_those_who_speak_to_fal_see_its_key(production):
    assert {name for name, service in production.items() if "fal_key" in service.get("secrets", [])} == {
        "worker-watch",
        "worker-fal",
    }


def test_every_variable_is_a_setting(production):
    known = {setting.name for setting in SETTINGS} | {f"{setting.name}_FILE" for setting in SETTINGS}
    named = {variable for name in APP for variable in production[name]["environment"]}
    assert named - {"FORWARDED_ALLOW_IPS"} <= known  # that one is uvicorn's


def test_redis_keeps_its_doorbells(production):
    text = (ROOT / "deploy/redis.conf").read_text()
    assert re.findall(r"^(maxmemory-policy|appendonly|appendfsync) (\S+)$", text, re.MULTILINE) == [
        ("maxmemory-policy", "noeviction"),
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
    ]
    assert "/run/secrets/redis_auth" in production["redis"]["command"]


def test_what_the_images_copy_exists(dockerfile):
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE):
        for source in [word for word in line.split() if not word.startswith("--")][:-1]:
            assert (ROOT / source).exists()
            assert source not in ignored


def test_data_outlives_the_containers(compose, production):
    kept = {mount.partition(":")[0] for service in production.values() for mount in service.get("volumes", [])}
    named = {mount for mount in kept if not mount.startswith(".")}
    assert named == {"data", "postgres", "redis", "proxy"}
    assert named <= set(compose["volumes"])
