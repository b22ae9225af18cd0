"""What may a child of a supervisor be like? Small programs, given to ``python -c``."""

from __future__ import annotations

# Says that it lives, and goes when asked.
POLITE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up'); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); [signal.pause() for _ in iter(int, 1)]"
)
DYING = "import sys; print('no'); sys.exit(3)"

# Has a child of its own that changed its process group and ignores the polite way, as a work horse may.
WITH_HORSE = """
import os, signal
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("horse", os.getpid())
    while True: signal.pause()
signal.pause()
"""

# Ends as soon as the descriptor that the supervisor handed over reaches its end.
WATCHING_THE_PIPE = """
import os
if os.fork() == 0:
    print("horse", os.getpid())
os.read(int(os.environ["SUPERVISOR_PIPE_FD"]), 1)
"""


def note_the_end_of(name: str, path: object) -> str:
    """Writes its name into a shared file when it is asked to stop."""
    return f"""
import signal, sys
def end(*_):
    with open({str(path)!r}, "a") as file: file.write("{name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up")
signal.pause()
"""
