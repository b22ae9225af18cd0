"""Workers die by SIGKILL at every step: one accepted POST for each attempt, and every generation ends or asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from image2model.configuration import SETTINGS
from jobs.failpoints import FAL_POINTS
from jobs.services.sweep import MAX_CRASHES
from tests.virtual_fal.running import VirtualFal, run_virtual_fal

ROOT = Path(__file__).resolve().parents[2]
MONEY_POINTS = (
    "submit.before_sending", "submit.sending", "submit.after_send", "submit.after_accept", "follow.after_note",
    "collect.after_save", "collect.after_store", "finish.before_complete",
)  # fmt: skip
RUNS_IN_A_BLOCK = 25
BLOCK_SECONDS = 1200  # about 200 on a machine that does nothing else
ENDINGS = {"completed", "needs_decision", "failed"}  # failed: after five deaths in a row before anything was sent


BOOKS = {"completed": ["actual 0.30"], "needs_decision": ["held 0.30"], "failed": []}  # what the ledger says then


def run_chaos(fal: VirtualFal, tmp_path: Path, *arguments: str, seconds: float) -> list[dict]:
    environment = {name: value for name, value in os.environ.items() if name not in {each.name for each in SETTINGS}}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "image2model.settings",
        "DATA_DIR": str(tmp_path / "data"),
        "REDIS_URL": os.environ["REDIS_URL"],
        "FAL_KEY": fal.key,
        "FAL_BASE_URL": fal.base_url,
        "FAL_CONCURRENCY": "50",
        "PUBLIC_URL": "http://127.0.0.1:9",  # nobody listens: the token in it tells the attempts apart
        "ALLOW_FAILPOINTS": "true",
    }
    program = [sys.executable, "-m", "tests.fal.chaos", *arguments]
    done = subprocess.run(program, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    for options in ((), ("--check",)):  # the first removes what was half written when its writer died
        command = [sys.executable, "manage.py", "sweep", "--grace", "0", *options]
        check = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=60)
        assert check.returncode == 0, check.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def judge(fal: VirtualFal, runs: list[dict]) -> None:
    by_token = fal.count_submits(by="marker")
    assert max(by_token.values()) == 1, "an attempt was paid for twice"
    assert max(fal.count_submits(by="picture").values()) == 1, "a generation was paid for twice"
    known = {token for run in runs for token in run["tokens"]}
    assert set(by_token) <= known
    for run in runs:
        assert set(run["states"]) <= ENDINGS, run
        assert run["ledger"] == [BOOKS[state] for state in run["states"]], run
        assert set(run["errors"]) <= {""} or run["deaths"] >= MAX_CRASHES, run


def test_the_steps_around_money(tmp_path):
    die_at_each(MONEY_POINTS, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_step(tmp_path):
    die_at_each([point for point in FAL_POINTS if point not in MONEY_POINTS], tmp_path)


def die_at_each(points: Sequence[str], tmp_path: Path) -> None:
    with run_virtual_fal(run_seconds=0.1, concurrency=0, proxy_port=None) as fal:
        runs = run_chaos(fal, tmp_path, ",".join(points), seconds=380)
        judge(fal, runs)
    assert len(runs) == len(points)
    assert [run["plan"] for run in runs if not run["deaths"]] == []
    # Only a death while a POST is in the air, its own or the other one's, can leave a question.
    asking = {run["plan"].split(":")[0] for run in runs if "needs_decision" in run["states"]}
    assert asking <= {"submit.sending", "submit.after_send", "submit.after_accept"}


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.timeout(2 * BLOCK_SECONDS)
@pytest.mark.parametrize("block", range(200 // RUNS_IN_A_BLOCK))
def test_200_runs_by_chance(block, tmp_path):
    """In blocks with a database and a FAL of their own, so that some can run beside each other."""
    seed = int(os.environ.get("CHAOS_SEED") or 0) + block
    with run_virtual_fal(run_seconds=0.1, concurrency=0, proxy_port=None) as fal:
        runs = run_chaos(fal, tmp_path, str(RUNS_IN_A_BLOCK), "--seed", str(seed), seconds=BLOCK_SECONDS)
        judge(fal, runs)
    assert len(runs) == RUNS_IN_A_BLOCK
    assert sum(run["deaths"] for run in runs) > RUNS_IN_A_BLOCK, "the points are not reached"
