"""How are files stored? Whole or not at all, without a copy where that is possible, and never somebody else's file."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from django.conf import settings

from image2model import storage
from jobs import files

PATH = "images/1/ab/abc.jpg"
CONTENT = b"picture " * 1000


def place() -> Path:
    return Path(settings.DATA_DIR) / "files" / PATH


def open_incoming():
    file = storage.open_nameless(settings.FILE_UPLOAD_TEMP_DIR)
    file.write(CONTENT)
    return file


def make_anonymous():
    file = TemporaryFile()  # noqa: SIM115
    file.write(CONTENT)
    return file


@pytest.fixture(autouse=True)
def clean():
    yield
    files.delete_file(PATH)
    assert [path for path in place().parent.iterdir() if path.suffix == ".part"] == []


def test_it_works():
    files.write_file(PATH, CONTENT)
    assert files.read_file(PATH) == CONTENT


def test_an_incoming_file_becomes_the_stored_one():
    with open_incoming() as file:
        inode = os.fstat(file.fileno()).st_ino
        files.copy_file(PATH, file)
        assert place().stat().st_ino == inode
    assert files.read_file(PATH) == CONTENT


def test_it_replaces_what_was_there():
    files.write_file(PATH, b"old")
    with open_incoming() as file:
        files.copy_file(PATH, file)
    assert files.read_file(PATH) == CONTENT


def test_a_second_time_it_is_copied():
    with open_incoming() as file:
        files.copy_file(PATH, file)
        inode = place().stat().st_ino
        files.copy_file(PATH, file)
        assert place().stat().st_ino != inode
    assert files.read_file(PATH) == CONTENT


def test_a_file_with_a_name_stays_its_owners(tmp_path: Path):
    """A later change of it must not reach what is stored."""
    theirs = tmp_path / "theirs.jpg"
    theirs.write_bytes(CONTENT)
    files.store_file(PATH, theirs)
    theirs.write_bytes(b"changed")
    assert files.read_file(PATH) == CONTENT
    assert theirs.stat().st_nlink == 1


@pytest.mark.parametrize("make", [lambda: io.BytesIO(CONTENT), make_anonymous])
def test_other_files_are_copied(make):
    with make() as file:
        files.copy_file(PATH, file)
    assert files.read_file(PATH) == CONTENT


def test_a_disk_without_nameless_files(monkeypatch):
    """Not every file system makes them; it is tried each time."""
    real = os.open

    def refuse(path, flags, mode=0o777, **more):
        if flags & os.O_TMPFILE == os.O_TMPFILE and not flags & os.O_EXCL:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", refuse)
    with open_incoming() as file:
        files.copy_file(PATH, file)
    assert files.read_file(PATH) == CONTENT


def test_another_disk(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    with open_incoming() as file:
        files.copy_file(PATH, file)
    assert files.read_file(PATH) == CONTENT


@pytest.mark.parametrize("make", [open_incoming, lambda: io.BytesIO(CONTENT)])
def test_what_cannot_be_synced_is_not_stored(monkeypatch, make):
    """The disk took the bytes and cannot say that it has them."""

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with make() as file, pytest.raises(OSError, match="Input/output"):
        files.copy_file(PATH, file)
    assert not files.exists(PATH)
