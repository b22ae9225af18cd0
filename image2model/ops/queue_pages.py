"""How do staff look into the queues? django-rq's pages in the admin, without their server errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods
from django_rq.admin import QueueAdmin
from django_rq.urls import get_admin_urlpatterns, get_api_urlpatterns
from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError

from image2model.pages import render_unavailable

View = Callable[..., HttpResponse]
NAMES = "django_rq_"
# What its views raise for a queue, a job, a worker or a scheduler that does not exist.
NOT_THERE = (NoSuchJobError, IndexError, KeyError, ValueError, AssertionError, ImproperlyConfigured)


class QueuePages(QueueAdmin):  # type: ignore[misc]  # of a library without types
    """A dashboard has no rows in the database, so the admin's pages of single rows are left out."""

    def get_urls(self) -> list[URLPattern]:
        start = path("", self._guard(self.changelist_view), name="django_rq_dashboard_changelist")
        figures = get_api_urlpatterns(name_prefix=NAMES)
        for pattern in figures:
            pattern.callback = forgive(pattern.callback)
        return [start, *figures, *get_admin_urlpatterns(name_prefix=NAMES, view_wrapper=self._guard)]

    def _guard(self, view: View) -> View:
        """For staff alone."""
        guarded_view = self.admin_site.admin_view(forgive(view))

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.current_app = self.admin_site.name  # for its links
            return cast(HttpResponse, guarded_view(request, *args, **kwargs))

        return guarded


def forgive(view: View) -> View:
    """What is not there is 404, what cannot be done is said, and a Redis that is away is 503."""

    @wraps(view)
    def forgiving(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except InvalidJobOperation:
            messages.error(request, "This cannot be done with a job in this state.")
            return redirect("admin:django_rq_home")
        except RedisError:
            return render_unavailable("The queue cannot be reached at the moment.")
        except NOT_THERE as error:
            raise Http404 from error

    return require_http_methods(["GET", "HEAD", "POST"])(forgiving)
