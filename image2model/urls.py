"""Where does every address of the site lead?"""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.api import KeysView, OneKeyView
from accounts.views import delete_account, enter_admin
from image2model import pages
from image2model.addresses import both_forms
from image2model.documentation import RedocView, SchemaView, SwaggerView
from image2model.ops.urls import urlpatterns as operation
from jobs.services import delete_work_of

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start, name="start"),
    path("styleguide/", pages.show_styles, name="styleguide"),
    path(f"{settings.ADMIN_PATH}/login/", enter_admin),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("accounts/delete/", delete_account, {"before": delete_work_of}, name="account_delete"),
    path("accounts/", include("accounts.urls")),
    *operation,
    *both_forms("api/schema", SchemaView.as_view(), name="schema"),
    *both_forms("api/docs", SwaggerView.as_view()),
    *both_forms("api/redoc", RedocView.as_view()),
    *both_forms("api/v1/keys", KeysView.as_view()),
    *both_forms("api/v1/keys/<str:key_id>", OneKeyView.as_view()),
    path("api/v1/", include("jobs.api.urls")),
    path("", include("jobs.urls")),
]

handler400 = "image2model.pages.answer_400"
handler403 = "image2model.pages.answer_403"
handler404 = "image2model.pages.answer_404"
handler500 = "image2model.pages.answer_500"
