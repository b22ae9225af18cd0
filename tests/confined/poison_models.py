"""Conversions that harm their process for real, and one that works: what a poison model may do to a library."""

from __future__ import annotations

from jobs.confined import model_tasks
from tests.confined import poison


def convert(arguments, files):
    harm = {"obj": poison.abort, "stl": poison.eat_memory, "ply": poison.hang}.get(arguments["format"])
    return harm(arguments, files) if harm else model_tasks.convert(arguments, files)


TASKS = {**model_tasks.TASKS, "convert": convert}
