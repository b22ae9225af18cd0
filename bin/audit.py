"""Is any of the pinned packages known to be vulnerable? Asks a public list by pip-audit; says loudly when it cannot.

Exit 0: none is. Exit 1: some are, or ``AUDIT_REQUIRED=1`` and nobody could be asked. Without that variable a machine
without a way to the lists ends with 0 and a notice: the packages were then NOT audited.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINNED = ("requirements.txt", "tests/requirements.txt")
SERVICES = ("osv", "pypi")  # asked one after the other until one knows the packages
PATIENCE_SECONDS = 240


def main() -> int:
    for service in SERVICES:
        answer = ask(service)
        if answer is not None:
            return tell(answer, service=service)
    return give_notice()


def ask(service: str) -> list[dict[str, Any]] | None:
    """What the service knows of each package; None when it cannot be asked, or knows hardly any of them."""
    pip_audit = Path(sys.executable).with_name("pip-audit")
    wanted = [argument for name in PINNED for argument in ("-r", str(ROOT / name))]
    command = [str(pip_audit), "-s", service, "--no-deps", "--disable-pip", "--progress-spinner=off", "-f", "json"]
    try:
        done = subprocess.run(
            [*command, *wanted], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, OSError, json.JSONDecodeError, KeyError):
        return None
    known = [package for package in packages if "vulns" in package]
    return known if 2 * len(known) > len(packages) else None  # a mirror without such a list says "not found" of each


def tell(packages: Sequence[dict[str, Any]], *, service: str) -> int:
    found = [(package, fault) for package in packages for fault in package["vulns"]]
    for package, fault in found:
        better = ", ".join(fault.get("fix_versions", [])) or "no version yet"
        print(f"VULNERABLE: {package['name']} {package['version']}: {fault['id']}, mended in {better}")
    print(f"pip-audit ({service}): {len(packages)} packages, {len(found)} known vulnerabilities.")
    return 1 if found else 0


def give_notice() -> int:
    frame = "!" * 100
    print(f"{frame}\nNOT AUDITED: no list of vulnerabilities can be reached from here (tried {', '.join(SERVICES)}).")
    print(f"Run bin/audit.py on a machine with a way to the internet before every release.\n{frame}", flush=True)
    return 1 if os.environ.get("AUDIT_REQUIRED") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
