"""What does the virtual FAL still know after it was killed?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..running import VirtualFal, run_virtual_fal
from .caller import TRIPO, Caller, draw_picture


@pytest.fixture
def journalled(tmp_path: Path) -> Iterator[VirtualFal]:
    with run_virtual_fal(state_dir=tmp_path, journal=True, run_seconds=0.05, concurrency=1) as fal:
        yield fal


@pytest.fixture
def journalled_caller(journalled: VirtualFal) -> Iterator[Caller]:
    headers = {"Authorization": f"Key {journalled.key}"}
    with httpx.Client(base_url=journalled.base_url, headers=headers, trust_env=False) as http:
        yield Caller(http)


def test_it_works(journalled: VirtualFal, journalled_caller: Caller) -> None:
    caller = journalled_caller
    url = caller.upload(draw_picture()).json()["access_url"]
    journalled.script("result-startup-timeout", count=1)
    failed, job = caller.submit(image_url=url), caller.submit(image_url=url)
    before = caller.get_result(job).json()
    ca_file = Path(journalled.ca_file).read_bytes()
    journalled.kill()
    journalled.restart()
    assert caller.get_result(job).json() == before
    assert caller.get_result(failed).status_code == 504
    assert caller.http.get(before["model_mesh"]["url"]).content[:4] == b"glTF"
    assert caller.http.get(url).content == draw_picture()
    assert journalled.count_submits(by="endpoint") == {TRIPO: 2}
    assert Path(journalled.ca_file).read_bytes() == ca_file


def test_what_waited_goes_on(journalled: VirtualFal, journalled_caller: Caller) -> None:
    caller = journalled_caller
    journalled.set_options(queue_seconds=60.0)
    cancelled = caller.submit()
    caller.http.put(cancelled["cancel_url"])
    journalled.set_options(queue_seconds=1.0)
    job = caller.submit()
    journalled.kill()
    journalled.restart()
    assert caller.get_result(cancelled).status_code == 499
    assert caller.get_result(job).status_code == 200


def test_a_torn_line_is_left_out(journalled: VirtualFal, journalled_caller: Caller, tmp_path: Path) -> None:
    job = journalled_caller.submit()
    journalled.kill()
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"kind": "submit", "id": "ha')
    for _ in range(2):
        journalled.restart()
        journalled_caller.submit()
        journalled.kill()
    journalled.restart()
    assert len(journalled.submits()) == 3
    assert journalled_caller.get_result(job).status_code == 200


def test_without_a_journal_it_forgets(tmp_path: Path) -> None:
    with run_virtual_fal(state_dir=tmp_path, run_seconds=0.05) as fal:
        headers = {"Authorization": f"Key {fal.key}"}
        with httpx.Client(base_url=fal.base_url, headers=headers, trust_env=False) as http:
            job = Caller(http).submit()
            fal.kill()
            fal.restart()
            assert http.get(job["status_url"]).status_code == 404
