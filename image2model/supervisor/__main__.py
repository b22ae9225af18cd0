"""``python -m image2model.supervisor``: may it start, and if so, run until told to stop."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from image2model.configuration import ConfigurationError, read_configuration
from image2model.misspelt import find_misspelt
from image2model.supervisor.instance import Instance
from image2model.supervisor.options import Options, read_options
from image2model.supervisor.output import Console
from image2model.supervisor.processes import end_leftovers
from image2model.supervisor.refusals import SPACE_TO_START, Refusal, claim_port, require_space, require_writable
from image2model.supervisor.run import Run
from image2model.supervisor.stack import ROOT, draw_plan


def main(argv: Sequence[str]) -> int:
    options = read_options(argv)
    return report_refusal(lambda: start(options))


def report_refusal(action: Callable[[], int]) -> int:
    """What the action returns, or 1 and the one line that says why it is impossible."""
    try:
        return action()
    except Refusal as refusal:
        reason = str(refusal)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        reason = f"The disk is full: {error.filename or 'a file'} could not be written."
    print(f"Image2Model cannot start: {reason}", file=sys.stderr, flush=True)
    return 1


def start(options: Options) -> int:
    configuration = read_settings()
    data_dir: Path = configuration["DATA_DIR"]
    require_writable(data_dir)
    require_space(data_dir, at_least=SPACE_TO_START, purpose="running")
    instance = Instance(data_dir)
    console = Console()
    for line in find_misspelt(os.environ):
        console.say(f"Warning: {line}")
    if ended := end_leftovers(data_dir):
        console.say(f"Ended {ended} processes that an earlier start had left behind.")
    options = replace(options, port=claim_port(options.host, options.port))
    console.say(f"Starting with the data in {data_dir}")
    plan = draw_plan(options, configuration=configuration, instance=instance)
    asyncio.run(Run(plan, instance=instance, console=console, folder=ROOT).live())
    console.say("Stopped.")
    return 0


def read_settings() -> Mapping[str, Any]:
    try:
        return read_configuration()
    except ConfigurationError as error:
        raise Refusal(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
