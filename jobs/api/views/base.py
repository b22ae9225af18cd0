"""Whose is it, and may it be read by a link? What the calls about jobs have in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeVar, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Access, read_access_token
from accounts.auth import ApiKeyAuthentication, SessionAuthentication
from accounts.models import ApiKey, User
from image2model.answers import list_limit_headers
from image2model.rest import ApiView, read_id
from jobs.errors import JobError
from jobs.models import Generation, Job
from jobs.reading import PARTS, read_job
from jobs.services import Allowance, count_upload, is_expired

Row = TypeVar("Row", bound=Model)


class JobView(ApiView):
    """Finds what belongs to the caller; anything else is not there."""

    def find_job(self, job_id: str) -> Job:
        job = read_job(Job.objects.owned_by(self.user).filter(pk=read_id(job_id, what="job ID")))
        if job is None:
            raise Http404
        return job

    def find_generation(self, generation_id: str) -> Generation:
        rows = Generation.objects.owned_by(self.user).prefetch_related(*PARTS)
        return first_or_404(rows.filter(pk=read_id(generation_id, what="generation ID")))

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def api_key(self) -> ApiKey | None:
        """With which the caller came; None for a page's session."""
        return self.request.auth if isinstance(self.request.auth, ApiKey) else None


class CountedJobView(JobView):
    """Each POST counts against the caller's rate, and each answer to one says how much of it is left."""

    allowance: Allowance | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self.allowance = count_upload(self.user, api_key=self.api_key)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.allowance is not None:
            for name, value in list_limit_headers(**asdict(self.allowance)).items():
                response.headers.setdefault(name, value)  # a refusal speaks of another limit
        return response


def first_or_404(rows: QuerySet[Row]) -> Row:
    row = rows.first()
    if row is None:
        raise Http404
    return row


class AccessAuthentication(BaseAuthentication):
    """``?access=<token>``: who holds it may read the one job that it names."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Access] | None:
        token = request.query_params.get("access")
        if token is None or request.method not in SAFE_METHODS:
            return None
        access = read_access_token(token)
        wanted = request.parser_context["kwargs"].get("job_id")
        if access is None or str(access.job_id) != str(wanted).lower():
            raise AuthenticationFailed
        user = User.objects.filter(pk=access.user_id, is_active=True).first()
        if user is None:
            raise AuthenticationFailed
        return user, access

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class LinkedJobView(JobView):
    """A job's state and files, which a link with ``?access=`` may show, too."""

    authentication_classes = [AccessAuthentication, ApiKeyAuthentication, SessionAuthentication]
    query_fields = frozenset({"access"})


class JobFilesView(LinkedJobView):
    """What a job's files are: a job that the retention has removed is told from one that never was."""

    def find_job(self, job_id: str) -> Job:
        try:
            return super().find_job(job_id)
        except Http404:
            if is_expired(self.user, job_id=read_id(job_id, what="job ID")):
                raise JobError("file_expired", "The files of this job were removed: it was too old.",
                               hint="Upload the pictures again.") from None  # fmt: skip
            raise


class AnyAccept(BaseContentNegotiation):
    """A file is what it is, whatever the caller would rather have."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return JSONRenderer(), "application/json"
