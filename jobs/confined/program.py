"""What runs in a child process? One task after another, as they come over the socket; then it leaves.

Started by its path, isolated, with an empty environment: it knows no setting, no secret and no database.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from jobs.confined.limits import Limits, allow_seconds, impose_limits
from jobs.confined.wire import Message, receive_message, send_message

# A task takes arguments and descriptors of files; what it answers is JSON and bytes.
Task = Callable[[Mapping[str, Any], list[int]], tuple[dict[str, Any], bytes]]


def main(descriptor: int, module: str, settings: Mapping[str, Any]) -> None:
    """``settings``: the limits, and the seconds without work after which the child leaves."""
    tasks: Mapping[str, Task] = import_module(module).TASKS
    limits = Limits(**settings["limits"])
    impose_limits(limits)
    gc.freeze()
    with socket.socket(fileno=descriptor) as connection:
        while True:
            connection.settimeout(settings["idle_seconds"])
            try:
                message = receive_message(connection, takes_files=True)
            except TimeoutError:
                return
            if message is None:
                return
            connection.settimeout(None)
            allow_seconds(limits.seconds)
            _answer(connection, message, tasks)


def _answer(connection: socket.socket, message: Message, tasks: Mapping[str, Task]) -> None:
    answer: dict[str, Any]
    try:
        content, blob = tasks[message.content["task"]](message.content["arguments"], message.files)
        answer = {"answer": content}
    except MemoryError:
        answer, blob = {"limit": "memory"}, b""
    except Exception:
        answer, blob = {"fault": traceback.format_exc(limit=-8)[-8000:]}, b""
    finally:
        for descriptor in message.files:
            os.close(descriptor)
    send_message(connection, answer, blob=blob)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
