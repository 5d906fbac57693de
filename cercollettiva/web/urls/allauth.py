"""The pages of allauth that we use, under the names by which it knows them. Some are ours, under two names."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from cercollettiva.web.views import accounts, second_factor

urlpatterns = [
    path("login/", accounts.SignIn.as_view(), name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("register/", accounts.Register.as_view(), name="account_signup"),
    path("password_change/", accounts.ChangePassword.as_view(), name="account_change_password"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("verify/", account.email_verification_sent, name="account_email_verification_sent"),
    path("email/", account.email, name="account_email"),
    path("confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("password_reset/", account.password_reset, name="account_reset_password"),
    path("password_reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    path("password_reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password_reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        accounts.ChooseAnotherPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("second_factor/", second_factor.Index.as_view(), name="mfa_index"),
    path("second_factor/passkeys/", second_factor.Index.as_view(), name="mfa_list_webauthn"),
    path("second_factor/verify/", mfa.authenticate, name="mfa_authenticate"),
    path(
        "second_factor/confirm/",
        mfa.ReauthenticateView.as_view(template_name="account/reauthenticate.html"),
        name="mfa_reauthenticate",
    ),
    path("second_factor/app/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("second_factor/app/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("second_factor/recovery/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("second_factor/recovery/generate/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("second_factor/recovery/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("second_factor/passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("second_factor/passkeys/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("second_factor/passkeys/confirm/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("second_factor/passkeys/<int:pk>/edit/", second_factor.rename_passkey, name="mfa_edit_webauthn"),
    path("second_factor/passkeys/<int:pk>/remove/", second_factor.remove_passkey, name="mfa_remove_webauthn"),
]
