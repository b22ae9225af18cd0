"""A model that ends whoever measures or draws it."""

from __future__ import annotations

from jobs.confined import model_tasks
from tests.confined import poison

TASKS = {**model_tasks.TASKS, "measure": poison.abort, "draw": poison.abort}
