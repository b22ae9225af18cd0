"""What does the official glTF validator say of a model?"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("gltf_validator.mjs")


def validate_glb(data: bytes) -> dict[str, Any]:
    """The validator's report; ``report["issues"]`` holds ``numErrors``, ``numWarnings`` and ``messages``."""
    return validate_glbs([data])[0]


def validate_glbs(models: Sequence[bytes]) -> list[dict[str, Any]]:
    """The same for several models, in one run of Node."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.glb" for number in range(len(models))]
        for path, data in zip(paths, models, strict=True):
            path.write_bytes(data)
        run = subprocess.run(["node", SCRIPT, *paths], capture_output=True, check=False, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def find_faults(report: dict[str, Any]) -> list[str]:
    """Errors and warnings of a report, one line each; empty for a good model."""
    severe = [message for message in report["issues"]["messages"] if message["severity"] <= 1]
    return [f"{message['code']}: {message['message']} ({message.get('pointer', '')})" for message in severe]
