"""Where does every address of the site lead?"""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from image2model import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start, name="start"),
    path("styleguide/", pages.show_styles, name="styleguide"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("", include("jobs.urls")),
]

handler400 = "image2model.pages.answer_400"
handler403 = "image2model.pages.answer_403"
handler404 = "image2model.pages.answer_404"
handler500 = "image2model.pages.answer_500"
