"""Under which absolute address does a client find things?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from jobs.models import Artifact, Generation


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses as this caller sees them."""

    base: str

    def at(self, path: str) -> str:
        return f"{self.base}{path}"

    def file(self, generation: Generation, artifact: Artifact) -> str:
        return self.at(f"/api/v1/download/{generation.job_id}/{quote(artifact.filename)}")

    def thumbnail(self, image_id: UUID) -> str:
        return self.at(f"/api/v1/images/{image_id}/thumbnail")

    def job(self, job_id: UUID) -> dict[str, str]:
        job = self.at(f"/api/v1/jobs/{job_id}")
        return {
            "self": job,
            "stream": f"{job}/events",
            "page": self.at(f"/jobs/{job_id}/"),
            "cancel": f"{job}/cancel",
            "download": f"{job}/download.zip",
        }
