"""How is a measurement told? One line of JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.load.client import Answer


def count_codes(answers: Iterable[Answer]) -> dict[str, int]:
    return dict(Counter(answer.code for answer in answers))


def tell(scenario: str, measured: dict[str, Any]) -> None:
    print(json.dumps({"scenario": scenario, "load": round(os.getloadavg()[0], 1), **measured}), flush=True)
