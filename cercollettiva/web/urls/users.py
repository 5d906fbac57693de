"""Accounts: signing in and out, registering, one's own data, the people of the platform."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from cercollettiva.web.views import accounts, management, privacy, profile, roles, tokens

app_name = "users"

urlpatterns = [
    path("login/", accounts.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("register/", accounts.Register.as_view(), name="register"),
    path("check/", accounts.check, name="check"),
    path("profile/", profile.profile, name="profile"),
    path("password_change/", accounts.ChangePassword.as_view(), name="password_change"),
    path("delete_account/", profile.delete_account, name="delete_account"),
    path("privacy_policy/", profile.privacy_policy, name="privacy_policy"),
    path("privacy/accept/", privacy.accept_privacy, name="accept_privacy"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/export/", privacy.export, name="export"),
    path("privacy/export/<int:pk>/", privacy.export_file, name="export_file"),
    path("privacy/register/", privacy.register, name="processing"),
    path("sessions/", profile.own_sessions, name="sessions"),
    path("sessions/end/", profile.end_all_sessions, name="end_all_sessions"),
    path("sessions/<int:pk>/end/", profile.end_session, name="end_session"),
    path("tokens/", tokens.own_tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("invitations/<str:token>/", roles.invitation, name="invitation"),
    path("management/", management.people, name="management"),
    path("management/<int:pk>/", management.person, name="management_person"),
    path("management/<int:pk>/erase/", privacy.erase_person, name="erase"),
]
