"""Does the running server keep to its OpenAPI document, whatever is sent? Asked by Schemathesis, with all its checks.

Owner (staff, all scopes), a key that may only read, and nobody: each sends valid and invalid requests to every call.
The seed is fixed, so that a failure comes again; ``SCHEMATHESIS_SEED`` tries another one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.server import Target, run_target
from tests.running import ROOT

SEED = os.environ.get("SCHEMATHESIS_SEED", "20261122")
RULES = Path(__file__).with_name("schemathesis.toml")
BY_ID = ("job_id", "task_id", "generation_id", "file_id", "filename", "webhook_id", "delivery_id")
USUAL_BODIES = {  # so that most forms and bodies get past what the engine on offer says of them
    "engine": ["local"],
    "model_type": ["local"],
    "face_limit": [2_000, 20_000],
    "options": ['{"mode": "object"}'],
    "webhook_url": ["http://127.0.0.1:9/"],
}

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with run_target(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def test_it_works(target: Target, tmp_path: Path) -> None:
    """A look at every call, in the time that every day has."""
    cases = fuzz(target, tmp_path, "--phases", "examples,fuzzing,stateful", "--max-examples", "4", caller="owner")

    assert cases >= 300


@pytest.mark.slow
@pytest.mark.parametrize(("caller", "most", "least"), [("owner", 30, 2_000), ("reader", 8, 500), ("nobody", 8, 500)])
def test_thoroughly(target: Target, tmp_path: Path, caller: str, most: int, least: int) -> None:
    cases = fuzz(target, tmp_path, "--max-examples", str(most), caller=caller)

    assert cases >= least


def fuzz(target: Target, folder: Path, *options: str, caller: str) -> int:
    """The number of requests that were made up and sent, all of which were answered as the document says."""
    (folder / "schemathesis.toml").write_text(write_rules(target))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run"]
    command += [f"{target.url}/api/schema", "--checks", "all", "--seed", SEED, "--continue-on-failure", *options]
    if caller in target.keys:
        command += ["--header", f"Authorization: Bearer {target.keys[caller]}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{target.log.read_text()[-5000:]}"
    found = re.search(r"([\d,]+) generated", done.stdout)
    assert found, done.stdout
    return int(found[1].replace(",", ""))


def write_rules(target: Target) -> str:
    """The rules of the file beside this one, and what is on this server."""
    words = {**{name: target.ids[name] for name in BY_ID}, **USUAL_BODIES}
    lines = [RULES.read_text(encoding="utf-8"), "[dictionaries]"]
    lines += [f"{name} = {{ values = {json.dumps(values)} }}" for name, values in words.items()]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.8 }}' for name in BY_ID]
    lines += [f'"body.{name}" = {{ dictionary = "{name}", probability = 0.9 }}' for name in USUAL_BODIES]
    lines += ['"body.file_id" = { dictionary = "file_id", probability = 0.9 }']
    lines += ['"body.images[*]" = { dictionary = "file_id", probability = 0.9 }']
    return "\n".join(lines)
