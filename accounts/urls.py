"""Where do the pages of an account lie?"""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

app_name = None
urlpatterns = [
    path(f"{name.replace('_', '-')}/", auth.LoginView.as_view(), name=name)
    for name in ("login", "logout", "signup", "account", "keys")
]
