"""Where do the pages of an account lie?"""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from accounts import key_views, second_step, security_views, views

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/code/", second_step.show_second_step, name="second_step"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("signup/", views.sign_up, name="signup"),
    path("", views.show_account, name="account"),
    path("keys/", key_views.show_keys, name="keys"),
    path("keys/<uuid:key_id>/revoke/", key_views.revoke_key, name="key_revoke"),
    path("security/", security_views.show_security, name="security"),
    path("security/sessions/end/", security_views.end_others, name="sessions_end"),
    path("security/sessions/<str:session>/end/", security_views.end_one_session, name="session_end"),
    path("security/two-factor/", security_views.set_up_two_factor, name="two_factor"),
    path("security/two-factor/off/", security_views.drop_two_factor, name="two_factor_off"),
    path("password/", views.PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", views.show_password_changed, name="password_change_done"),
    path("password/reset/", views.PasswordResetView.as_view(), name="password_reset"),
    path(
        "password/reset/sent/",
        auth.PasswordResetDoneView.as_view(template_name="accounts/password_reset_done.html"),
        name="password_reset_done",
    ),
    path("password/reset/<uidb64>/<token>/", views.PasswordResetConfirmView.as_view(), name="password_reset_confirm"),
]
