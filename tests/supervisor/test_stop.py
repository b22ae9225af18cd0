"""Does everything stop when it is asked to, in order, and without an orphan?"""

from __future__ import annotations

import signal

import pytest

from image2model.supervisor.processes import leftovers
from tests.supervisor.children import DEAF, POLITE, WATCHING_THE_PIPE, WITH_HORSE, note_the_end_of
from tests.supervisor.conftest import wait_until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_works(supervise, number):
    supervised = supervise({"name": "web", "code": POLITE}, {"name": "local-1", "code": POLITE, "stage": 2})
    supervised.wait_for("up")
    supervised.wait_for("up")
    assert len(supervised.alive()) == 2
    assert supervised.stop(number) == 0
    assert not supervised.alive()
    assert not any("starts again" in line for line in supervised.lines)


def test_workers_stop_before_the_web_and_the_web_before_the_store(supervise, tmp_path):
    ends = tmp_path / "ends"
    supervised = supervise(
        {"name": "valkey", "code": note_the_end_of("valkey", ends), "stage": 0},
        {"name": "web", "code": note_the_end_of("web", ends), "stage": 1},
        {"name": "local-1", "code": note_the_end_of("worker", ends), "stage": 2},
        {"name": "watch", "code": note_the_end_of("worker", ends), "stage": 2},
    )
    for _ in range(4):
        supervised.wait_for("up")
    assert supervised.stop() == 0
    assert ends.read_text().split() == ["worker", "worker", "web", "valkey"]


def test_who_does_not_listen_is_killed_after_the_grace(supervise):
    supervised = supervise({"name": "web", "code": DEAF}, grace=0.3)
    supervised.wait_for("up")
    assert supervised.stop() == 0
    assert not supervised.alive()


def test_grandchildren_go_too(supervise):
    supervised = supervise({"name": "local-1", "code": WITH_HORSE}, grace=0.3)
    supervised.wait_for("horse ")
    assert supervised.stop() == 0
    assert not supervised.alive()


def test_a_second_signal_hurries(supervise):
    supervised = supervise({"name": "web", "code": DEAF}, grace=60)
    supervised.wait_for("up")
    supervised.process.send_signal(signal.SIGINT)
    supervised.wait_for("Stopping.")
    assert supervised.stop(signal.SIGINT) == 0
    assert not supervised.alive()


def test_it_can_be_stopped_while_it_still_prepares(supervise):
    supervised = supervise(prepare="import time; print('migrating'); time.sleep(600)")
    supervised.wait_for("migrating")
    assert supervised.stop() == 0
    assert not supervised.alive()


def test_killing_the_supervisor_leaves_no_child(supervise, tmp_path):
    supervised = supervise({"name": "web", "code": DEAF}, {"name": "local-1", "code": DEAF, "stage": 2})
    supervised.wait_for("up")
    supervised.wait_for("up")
    supervised.process.kill()
    wait_until(lambda: not leftovers(tmp_path), what="the end of all children")


def test_a_grandchild_that_watches_the_pipe_outlives_nobody(supervise, tmp_path):
    supervised = supervise({"name": "local-1", "code": WATCHING_THE_PIPE})
    supervised.wait_for("horse ")
    supervised.process.kill()
    wait_until(lambda: not leftovers(tmp_path), what="the end of the horse")


def test_the_next_start_ends_what_a_kill_left_behind(supervise, tmp_path):
    supervised = supervise({"name": "local-1", "code": WITH_HORSE})
    horse = int(supervised.wait_for("horse ").split()[-1])
    supervised.process.kill()
    wait_until(lambda: leftovers(tmp_path) == [horse], what="the end of the worker")
    following = supervise({"name": "web", "code": POLITE})
    following.wait_for("up")
    assert horse not in leftovers(tmp_path)
    assert following.stop() == 0
