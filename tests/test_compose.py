"""Does the production file run the same processes as ``bin/up``, and keep the FAL key where it belongs?"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from image2model.configuration import SETTINGS
from image2model.supervisor.options import Options
from image2model.supervisor.stack import list_children

ROOT = Path(__file__).resolve().parent.parent
THEIR_OWN = {"postgres", "redis", "prepare", "live"}  # what bin/up has in another form


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    found: dict[str, dict] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def read_image_command() -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return list(yaml.safe_load(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[-1]))


def program_of(command: list[str]) -> list[str]:
    """What is run, without where Python lies."""
    words = [Path(word).name if word.endswith("manage.py") else word for word in command[1:]]
    return words[1:] if words[0] == "-m" else words


def test_it_works(services):
    children = list_children(Options(host="0.0.0.0", port=8000, workers=2), secrets={"FAL_KEY": "key"})
    wanted = {" ".join(program_of(list(child.argv))) for child in children if child.name != "web"}
    offered = {
        " ".join(program_of(service["command"]))
        for name, service in services.items()
        if "command" in service and name not in THEIR_OWN
    }
    assert offered == wanted


def test_the_web_process_is_the_same_but_for_its_patience():
    web = next(child for child in list_children(Options(host="0.0.0.0", port=8000, workers=1), secrets={}))
    ours = " ".join(program_of(list(web.argv))).replace(
        "--timeout-graceful-shutdown 2", "--timeout-graceful-shutdown 30"
    )
    assert program_of(read_image_command()) == shlex.split(ours)


def test_only_those_who_speak_to_fal_see_its_key(services):
    assert {name for name, service in services.items() if "FAL_KEY" in service.get("environment", {})} == {
        "worker-watch",
        "worker-fal",
    }


def test_every_variable_is_a_setting(services):
    known = {setting.name for setting in SETTINGS}
    ours = [service["environment"] for name, service in services.items() if name not in ("postgres", "redis")]
    assert {name for environment in ours for name in environment} <= known


def test_what_the_image_copies_exists():
    text = (ROOT / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split()[:-1])
