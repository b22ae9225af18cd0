"""What happens between ``bin/up`` and the supervisor? Refusals first, then the set-up, then the supervisor itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from installation import PYTHON, ROOT, install

from image2model.supervisor.__main__ import read_settings, report_refusal
from image2model.supervisor.instance import Instance
from image2model.supervisor.options import Options, read_options
from image2model.supervisor.refusals import claim_port, require_writable


def main(argv: Sequence[str]) -> int:
    options = read_options(argv)
    signal.signal(signal.SIGTERM, _leave)
    try:
        return report_refusal(lambda: set_up_and_run(options, argv))
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 130


def set_up_and_run(options: Options, argv: Sequence[str]) -> int:
    fix_relative_paths()
    refuse_early(options)
    os.chdir(ROOT)  # else a file of the visitor's directory could be imported in place of ours
    install()
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), "-m", "image2model.supervisor", *argv])  # noqa: S606 - becoming it is the point  # nosec B606


def fix_relative_paths() -> None:
    """What the caller named relative to his own directory must mean the same in ours."""
    for name, value in os.environ.items():
        if value and (name == "DATA_DIR" or name.endswith("_FILE")):
            os.environ[name] = str(Path(value).expanduser().absolute())


def refuse_early(options: Options) -> None:
    """The supervisor asks the same again; but who waits minutes for an installation should hear it first."""
    data_dir: Path = read_settings()["DATA_DIR"]
    require_writable(data_dir)
    Instance(data_dir).release()
    claim_port(options.host, options.port)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
