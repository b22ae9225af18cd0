"""How does a stranger's picture come through a child process, and what if the child does not survive it?"""

from __future__ import annotations

import io
import tempfile
import threading

import pytest
from PIL import Image

from jobs.confined import pictures
from jobs.confined.child import Child, Kind
from jobs.confined.limits import MEGABYTE, Limits
from jobs.confined.pool import Pool
from jobs.errors import JobError
from jobs.images import ImageError, inspect_image
from jobs.services import Upload, store_images
from tests.factories import make_picture
from tests.images import files
from tests.load.watching import measure_tree


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch):
    """A child that has too little memory for any large picture."""
    kind = Kind(
        tasks=pictures.CHILD.tasks, limits=Limits(memory_bytes=110 * MEGABYTE, seconds=30),
        wall_seconds=60, idle_seconds=60,
    )  # fmt: skip
    pool = Pool(kind)
    monkeypatch.setattr(pictures, "_pool", pool)
    yield pool
    pool.stop()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_works(kind: str) -> None:
    data = files.make_picture(kind, width=640, height=480)
    found = pictures.examine(data, filename="chair")
    assert found.facts == inspect_image(data, filename="chair")
    with Image.open(io.BytesIO(found.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 240))


@pytest.mark.parametrize("open_file", [io.BytesIO, tempfile.TemporaryFile, tempfile.SpooledTemporaryFile])
def test_it_reads_every_kind_of_file(open_file) -> None:
    with open_file() as file:
        file.write(files.make_picture())
        assert pictures.examine(file, filename="a.png").facts.width == 64


@pytest.mark.parametrize("filename", ["a.png", "\x00\u202e", "日本.jpg", ""])
@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a", files.make_png_header(65535, 65535)])
def test_it_refuses_in_the_same_words(data: bytes, filename: str) -> None:
    with pytest.raises(ImageError) as here:
        inspect_image(data, filename=filename)
    with pytest.raises(ImageError) as there:
        pictures.examine(data, filename=filename)
    assert vars(there.value) == vars(here.value)


def test_it_normalises_and_shrinks() -> None:
    data = files.make_picture("JPEG", width=640, height=480)
    assert pictures.normalise(data, max_side=100).width == 100
    with Image.open(io.BytesIO(pictures.make_thumbnail(data, side=50))) as small:
        assert small.size == (50, 38)
    with pytest.raises(ImageError):
        pictures.normalise(b"nothing")
    with pytest.raises(ImageError):
        pictures.make_thumbnail(b"nothing")


def test_a_picture_that_its_reader_does_not_survive_is_refused(poor: Pool) -> None:
    with pytest.raises(ImageError) as caught:
        pictures.examine(files.make_flat_png(5000, 5000), filename="poison.png")
    assert caught.value.code == "corrupt_image"
    assert "poison.png" in caught.value.message
    assert pictures.examine(files.make_picture(), filename="good.png").facts.width == 64


def test_one_poison_picture_names_itself_among_good_ones(alice, poor: Pool, transactional_db) -> None:
    contents = [make_picture(1), files.make_flat_png(5000, 5000), make_picture(2)]
    uploads = [Upload(filename=f"{n}.png", file=io.BytesIO(data)) for n, data in enumerate(contents)]
    with pytest.raises(JobError) as caught:
        store_images(alice, uploads=uploads)
    assert [entry["index"] for entry in caught.value.details["files"]] == [1]


def test_without_a_child_it_is_our_fault(alice, monkeypatch: pytest.MonkeyPatch, transactional_db) -> None:
    def cannot_start(*arguments: object, **more: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    pictures._pool.stop()
    monkeypatch.setattr("jobs.confined.child.subprocess.Popen", cannot_start)
    with pytest.raises(JobError) as caught:
        store_images(alice, uploads=[Upload(filename="a.png", file=io.BytesIO(make_picture()))])
    assert (caught.value.code, caught.value.status) == ("upload_capacity", 503)
    assert caught.value.retry_after


@pytest.mark.parametrize(
    "make", [lambda: files.make_flat_png(10_000, 5_000), lambda: make_large_webp()], ids=["png", "webp"]
)
def test_a13_fifty_megapixels_fit_into_a_child(make) -> None:
    assert pictures.examine(make(), filename="large").facts.width == 10_000


def make_large_webp() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (10_000, 5_000), (90, 60, 30)).save(buffer, "WEBP", quality=10, method=0)
    return buffer.getvalue()


def test_two_large_pictures_are_not_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes hundreds of megabytes meanwhile; small ones pass by."""
    at_once, most, lock = 0, 0, threading.Lock()
    run = Child.run

    def watch(self: Child, task: str, arguments: dict, **more: object) -> object:
        nonlocal at_once, most
        with lock:
            at_once += bool(arguments.get("may_be_large"))
            most = max(most, at_once)
        try:
            return run(self, task, arguments, **more)  # type: ignore[arg-type]
        finally:
            with lock:
                at_once -= bool(arguments.get("may_be_large"))

    monkeypatch.setattr(Child, "run", watch)
    data = files.make_flat_png(5000, 4000)
    threads = [threading.Thread(target=pictures.examine, args=(data,), kwargs={"filename": "a"}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert most == 1


def test_an_idle_child_is_light() -> None:
    pictures.examine(make_picture(), filename="a.png")
    [child] = pictures._pool._idle[-1:]
    assert measure_tree(child.pid)["pss"] < 40
