"""Is a child that dies started again, and is a hopeless one told apart?"""

from __future__ import annotations

import os
import signal

from image2model.supervisor.processes import session_members
from tests.supervisor.children import DYING, POLITE, WITH_HORSE
from tests.supervisor.conftest import wait_until


def test_it_works(supervise):
    supervised = supervise({"name": "web", "code": POLITE})
    supervised.wait_for("web      | up")
    os.kill(supervised.alive()[0], signal.SIGKILL)
    supervised.wait_for("web was ended by SIGKILL; it starts again in 0.5 s.")
    supervised.wait_for("web      | up")
    assert supervised.stop() == 0


def test_the_pauses_grow(supervise):
    supervised = supervise({"name": "web", "code": DYING})
    pauses = [supervised.wait_for("ended with code 3").split(" in ")[1] for _ in range(4)]
    assert pauses == ["0.5 s.", "1 s.", "2 s.", "4 s."]


def test_the_others_run_on(supervise):
    supervised = supervise({"name": "web", "code": POLITE}, {"name": "post", "code": DYING})
    supervised.wait_for("web      | up")
    supervised.wait_for("in 1 s.")
    assert len(supervised.alive()) == 1


def test_what_a_dead_child_leaves_is_ended_before_it_starts_again(supervise):
    supervised = supervise({"name": "local-1", "code": WITH_HORSE})
    horse = int(supervised.wait_for("horse ").split()[-1])
    worker = next(process for process in supervised.alive() if process != horse)
    os.kill(worker, signal.SIGKILL)
    supervised.wait_for("was ended by SIGKILL")
    assert horse not in supervised.alive()
    assert not list(session_members(worker))
    fresh = int(supervised.wait_for("horse ").split()[-1])
    wait_until(lambda: len(supervised.alive()) == 2, what="worker and horse")
    assert fresh != horse


def test_data_that_cannot_be_prepared_ends_the_start(supervise):
    supervised = supervise({"name": "web", "code": POLITE}, prepare="import sys; sys.exit(1)")
    supervised.wait_for("Image2Model cannot start: The data could not be prepared")
    assert supervised.wait_for_end() == 1
    assert not supervised.alive()


def test_a_child_that_never_answers_ends_the_start(supervise):
    supervised = supervise({"name": "web", "code": DYING, "answers": False}, {"name": "post", "code": POLITE})
    supervised.wait_for("Image2Model cannot start: web cannot start; its lines above say why.")
    assert supervised.wait_for_end() == 1
    assert sum("ended with code 3" in line for line in supervised.lines) == 4
    assert not supervised.alive()
