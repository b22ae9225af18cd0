"""How is the virtual FAL started by hand? ``python -m tests.virtual_fal --proxy-port 0 --state-dir DIR``."""

from __future__ import annotations

from .options import parse_command_line
from .server import run

if __name__ == "__main__":
    run(parse_command_line())
