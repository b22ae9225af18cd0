"""Which names of the environment look like settings of ours, and are read by nobody? Free of Django."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from image2model.configuration import SETTINGS

LIKENESS = 0.85  # MAX_FILE_MBS and MAX_FILE_MB, but not HTTPS_PROXY and HTTPS
PREFIXES = ("IMAGE2MODEL_", "I2M_")
OURS = (*PREFIXES, "FAL_")


def find_misspelt(environ: Mapping[str, str]) -> list[str]:
    """One line for each."""
    known = {setting.name for setting in SETTINGS} | {f"{setting.name}_FILE" for setting in SETTINGS}
    lines = (_explain(name, known) for name in sorted(environ) if name not in known)
    return [line for line in lines if line]


def _explain(name: str, known: Collection[str]) -> str:
    for prefix in PREFIXES:
        if name.startswith(prefix) and name.removeprefix(prefix) in known:
            return f"{name} is not read: the name is {name.removeprefix(prefix)}, without a prefix."
    similar = difflib.get_close_matches(name.upper(), known, n=1, cutoff=LIKENESS)
    if similar:
        return f"{name} is not read: did you mean {similar[0]}?"
    return f"{name} is not read: there is no such setting." if name.startswith(OURS) else ""
