"""How do tests make rows? Factories in the words of the domain; whoever needs a real job uses the services."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import factory

from accounts.models import User
from jobs import catalog, files, services
from jobs.models import Generation, Job
from jobs.services import runs
from tests.models import make_box_glb
from tests.pictures import draw_blob, encode_png


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody with the password ``secret-of-tests``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"user{number}@example.org")

    @factory.post_generation
    def password(self: User, create: bool, extracted: str | None, **kwargs: object) -> None:
        self.set_password(extracted or "secret-of-tests")
        self.save(update_fields=["password"])


def make_picture(number: int = 0, *, size: int = 96) -> bytes:
    """A picture that differs by its number."""
    return encode_png(draw_blob(number, size=size))


def make_job(
    owner: User,
    *,
    pictures: int = 1,
    names: Sequence[str] = (),
    first: int = 0,
    engine: str = "local",
    formats: Sequence[str] = (),
) -> Job:
    """A queued job of fresh pictures, through the door that everybody takes."""
    names = names or [f"picture-{first + number}.png" for number in range(pictures)]
    uploads = [
        services.Upload(filename=name, file=io.BytesIO(make_picture(first + number)))
        for number, name in enumerate(names)
    ]
    stored = services.store_images(owner, uploads=uploads)
    items = [services.Item(views={"front": image}) for image in stored]
    return services.submit_job(owner, items=items, wishes=services.Wishes(engine=engine, formats=formats)).job


def claim(job: Job, *, worker: str = "test-worker") -> Generation:
    """The next generation of the local queue, claimed; it must be this job's."""
    generation = runs.claim_next("local", worker=worker)
    assert generation is not None
    assert generation.job_id == job.pk
    return generation


def make_artifact(generation: Generation, *, role: str = "model", format_id: str = "glb") -> runs.NewArtifact:
    """A stored file of a claimed generation."""
    data = make_box_glb() if role == "model" else b"picture"
    extension = catalog.FORMATS[format_id].extension if role == "model" else f".{role}.{format_id}"
    path = f"{files.attempt_folder(generation.pk, generation.attempt)}/{role}{extension}"
    files.write_file(path, data)
    return runs.NewArtifact(
        role=role,
        format=format_id,
        path=path,
        filename=f"{generation.name}{extension}",
        content_type=catalog.FORMATS[format_id].content_type if role == "model" else f"image/{format_id}",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        faces=12 if role == "model" else None,
        vertices=8 if role == "model" else None,
        watertight=True if role == "model" else None,
        bounds={"min": [-0.5] * 3, "max": [0.5] * 3, "size": [1.0] * 3} if role == "model" else None,
    )


def finish_job(job: Job) -> Job:
    """Complete every generation of a queued job with a box for a model."""
    for _ in range(job.queued):
        generation = claim(job)
        artifacts = [make_artifact(generation), make_artifact(generation, role="preview", format_id="webp")]
        runs.complete_generation(generation, artifacts=artifacts)
    job.refresh_from_db()
    return job
