"""How many processors a process may use, by control groups as containers and units have them"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from image2model.ops import processors
from image2model.ops.processors import count_processors
from jobs import scaling


@pytest.fixture(autouse=True)
def a_big_machine(monkeypatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 32)
    monkeypatch.setattr(processors, "_count_schedulable", lambda: 32)


def limit(root: Path, group: str, cpu_max: str) -> None:
    folder = root / "sys/fs/cgroup" / group
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(f"{cpu_max}\n")


def live_in(root: Path, group: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(f"1:name=systemd:/\n0::/{group}\n")


def test_it_works(tmp_path):
    """A container with two processors on a machine with many."""
    live_in(tmp_path, "")
    limit(tmp_path, "", "200000 100000")
    assert count_processors(tmp_path) == 2


def test_a_part_of_a_processor_counts_whole(tmp_path):
    live_in(tmp_path, "")
    limit(tmp_path, "", "250000 100000")
    assert count_processors(tmp_path) == 3


def test_the_narrowest_group_around_it_counts(tmp_path):
    live_in(tmp_path, "system.slice/image2model-local.service")
    limit(tmp_path, "system.slice/image2model-local.service", "max 100000")
    limit(tmp_path, "system.slice", "400000 100000")
    assert count_processors(tmp_path) == 4


@pytest.mark.parametrize("cpu_max", ["max 100000", "", "nonsense of a kernel"])
def test_without_a_limit_it_is_the_machine(tmp_path, cpu_max):
    live_in(tmp_path, "")
    limit(tmp_path, "", cpu_max)
    assert count_processors(tmp_path) == 32


def test_without_control_groups_it_is_the_machine(tmp_path):
    assert count_processors(tmp_path) == 32


def test_what_the_scheduler_gives_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(processors, "_count_schedulable", lambda: 5)
    assert count_processors(tmp_path) == 5


def test_the_pool_of_workers_keeps_to_it(settings, monkeypatch):
    monkeypatch.setattr(scaling, "count_processors", lambda: 3)
    settings.MIN_WORKERS, settings.MAX_WORKERS = 1, None
    assert scaling.read_bounds().most == 3
    settings.MAX_WORKERS = 7
    assert scaling.read_bounds().most == 7
