"""Who may do what in the administration, in one place: the pages ask it, and docs/administration.md is held to it."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.http import HttpRequest

from cercollettiva.users.fields import EncryptedTextField

READ_PERSONAL_DATA: Final = "users.read_personal_data"


def is_staff(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and (user.is_staff or user.is_superuser))


def has_all(request: HttpRequest) -> bool:
    """Whoever has all permissions: the one who set the platform up, and whom they chose on the command line."""
    return bool(request.user.is_active and request.user.is_superuser)


def may_read_personal_data(request: HttpRequest) -> bool:
    """Encrypted values are for whoever has all permissions, or was given this one."""
    return request.user.has_perm(READ_PERSONAL_DATA)


def encrypted_fields(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
