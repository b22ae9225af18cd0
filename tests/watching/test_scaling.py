"""Workers by the queue's age: the rule by a clock of the test's own, then with real processes"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError

from image2model.ops.waiting import Backlog, read_backlog
from image2model.supervisor.options import read_options
from image2model.supervisor.stack import list_children
from jobs import scaling
from jobs.models import Generation
from jobs.scaling import Bounds, Scale
from tests.factories import claim, make_job, make_picture
from tests.running import Product, find_descendants, read_command, run_product, upload, wait_for_job, wait_until

BOUNDS = Bounds(fewest=1, most=3, up_after=10, down_after=60)
CALM = Backlog(waiting=0, oldest_seconds=0)


class Life:
    """A scale, its clock, and what it sees."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.now = 1000.0
        self.backlog = CALM
        self.scale = Scale(bounds, look=lambda: self.backlog, clock=lambda: self.now)

    def live(self, seconds: float, *, waiting: int = 0, oldest: int = 0) -> list[int]:
        """What the scale wants, second by second."""
        self.backlog = Backlog(waiting=waiting, oldest_seconds=oldest)
        wanted = []
        for _ in range(round(seconds)):
            self.now += 1
            wanted.append(self.scale())
        return wanted


def test_it_works() -> None:
    life = Life()

    assert set(life.live(30)) == {1}
    assert life.live(60, waiting=40, oldest=11)[-1] == 3
    assert life.live(200)[-1] == 1


def test_it_grows_one_at_a_time_and_never_past_the_upper_bound() -> None:
    wanted = Life().live(60, waiting=500, oldest=600)

    assert all(later - earlier in (0, 1) for earlier, later in pairwise(wanted))
    assert [wanted.count(count) >= scaling.STEP_SECONDS for count in (2, 3)] == [True, True]
    assert max(wanted) == 3


def test_a_short_wait_needs_no_more() -> None:
    assert set(Life().live(60, waiting=5, oldest=10)) == {1}


def test_it_shrinks_one_at_a_time_after_a_calm() -> None:
    life = Life()
    life.live(60, waiting=40, oldest=30)

    wanted = life.live(200)
    looks = scaling.LOOK_SECONDS
    assert [count for count in (3, 2, 1) if count in wanted] == sorted(set(wanted), reverse=True) == [3, 2, 1]
    assert wanted.count(3) >= 60 - looks
    assert wanted.count(2) >= 60 - looks


def test_it_does_not_shrink_while_anything_waits() -> None:
    life = Life()
    life.live(60, waiting=40, oldest=30)

    assert set(life.live(300, waiting=1, oldest=1)) == {3}


def test_it_looks_seldom() -> None:
    looks = []
    scale = Scale(BOUNDS, look=lambda: looks.append(1) or CALM, clock=lambda: 5.0)
    for _ in range(50):
        scale()

    assert len(looks) == 1


def test_a_lower_bound_above_the_upper_one_wins(settings) -> None:
    settings.MIN_WORKERS, settings.MAX_WORKERS = 4, 2

    assert (scaling.read_bounds().fewest, scaling.read_bounds().most) == (4, 4)


@pytest.mark.django_db
def test_the_age_is_that_of_what_waits_for_a_worker_alone(alice) -> None:
    make_job(alice, pictures=3)
    Generation.objects.update(created_at="2026-01-01T00:00:00Z")
    assert read_backlog("local").waiting == 3
    assert read_backlog("local").oldest_seconds > 3600
    assert read_backlog("fal") == CALM

    Generation.objects.update(waiting_reason="budget")
    assert read_backlog("local") == CALM


@pytest.mark.django_db
def test_what_runs_does_not_wait(alice) -> None:
    claim(make_job(alice))

    assert read_backlog("local") == CALM


def test_while_the_database_is_down_it_stays_as_it_is(monkeypatch, caplog) -> None:
    def fail(_: str) -> Backlog:
        raise OperationalError("gone")

    monkeypatch.setattr(scaling, "read_backlog", fail)
    with caplog.at_level(logging.WARNING):
        assert scaling.scale_by_queue("local")() == scaling.read_bounds().fewest
    assert "could not be read" in caplog.text


def count_workers(product: Product) -> int:
    """Those below the pool's parent; their own children are work horses."""
    [parent] = [pid for pid in product.find("work local") if "supervisor" not in read_command(pid)][:1]
    return len([pid for pid in direct_children(parent) if "work local" in read_command(pid)])


def direct_children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@pytest.mark.stack
def test_real_workers_come_under_load_and_go_when_idle_and_lose_nothing(tmp_path, draw: Callable[[int], list[Path]]):
    settings = {"MIN_WORKERS": "1", "MAX_WORKERS": "3", "SCALE_UP_SECONDS": "1", "SCALE_DOWN_SECONDS": "3"}
    with run_product(tmp_path / "data", workers="auto", **settings) as product:
        wait_until(lambda: count_workers(product) == 1, what="the first worker")
        with product.client() as client:
            jobs = [upload(client, draw(start)) for start in (0, 8, 16)]
            most = 1

            def note_most() -> bool:
                nonlocal most
                most = max(most, count_workers(product))
                return most >= 2

            wait_until(note_most, what="a second worker")
            over = [wait_for_job(client, job["job_id"], seconds=180) for job in jobs]
            wait_until(lambda: count_workers(product) == 1, what="the others to leave")
            after = wait_for_job(client, upload(client, draw(24)[:2])["job_id"])

        assert [job["status"] for job in over] == ["completed"] * 3
        assert all(job["counts"]["completed"] == 8 for job in over)
        assert {generation["attempt"] for job in over for generation in job["generations"]} == {1}
        assert after["counts"]["completed"] == 2
        assert most <= 3
        assert find_descendants(product.process.pid)


@pytest.fixture
def draw(tmp_path) -> Callable[[int], list[Path]]:
    def draw(start: int) -> list[Path]:
        paths = [tmp_path / f"{number}.png" for number in range(start, start + 8)]
        for number, path in enumerate(paths, start=start):
            path.write_bytes(make_picture(number, size=256))
        return paths

    return draw


def test_the_supervisor_hands_auto_to_one_pool() -> None:
    options = read_options(["--workers", "auto"])
    [local] = [child for child in list_children(options, secrets={}) if "local" in child.argv]

    assert local.argv[-4:] == ("work", "local", "--count", "auto")


@pytest.mark.parametrize("word", ["Auto", "0", "-1", "some"])
def test_other_words_are_refused(word: str, capsys) -> None:
    with pytest.raises(SystemExit):
        read_options(["--workers", word])

    assert "from 1 to 64" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "some"])
def test_a_count_that_is_none_is_refused(count: str) -> None:
    with pytest.raises(CommandError, match="--count"):
        call_command("work", "local", "--count", count)
