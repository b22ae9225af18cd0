"""Does anything grow while the product is used? Half an hour of it; and is a leak seen at all?"""

from __future__ import annotations

import pytest

from tests.load.soak import Held, Look, find_leaks, soak

NAMES = {1: "python -m uvicorn", 2: "manage.py work local", 3: "valkey-server"}
HELD = Held(descriptors=40, threads=10, megabytes=100)
BEFORE = Look(processes=dict.fromkeys(NAMES, HELD), keys=100)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.timeout(2400)
def test_half_an_hour():
    report = soak(minutes=30)
    assert report["leaks"] == [], report
    assert report["answers"]["upload 200"] > 300


def test_nothing_has_grown():
    assert list(find_leaks(BEFORE, BEFORE, NAMES)) == []


@pytest.mark.parametrize("grown", [{"descriptors": 43}, {"threads": 13}, {"megabytes": 116}])
def test_what_grows_is_named(grown):
    [name] = grown
    after = Look(processes={**BEFORE.processes, 2: Held(**{**vars(HELD), **grown})}, keys=100)
    [leak] = find_leaks(BEFORE, after, NAMES)
    assert leak.startswith(f"{name} of manage.py work local")


def test_keys_that_grow_are_named():
    [leak] = find_leaks(BEFORE, Look(processes=BEFORE.processes, keys=106), NAMES)
    assert leak == "keys in Redis: 100 became 106"


def test_a_process_that_was_replaced_is_no_proof():
    after = Look(processes=dict.fromkeys((2, 3), HELD), keys=100)
    assert list(find_leaks(BEFORE, after, NAMES)) == ["no process of uvicorn lived long enough"]
