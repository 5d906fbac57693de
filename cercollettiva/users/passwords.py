"""What a password may not look like, beside what Django knows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator

from cercollettiva.users.models import CustomUser


class NotLikeTheNameValidator(UserAttributeSimilarityValidator):
    """Not like first and last name written together either: `annarossi1985` is like neither of them alone."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        if user is not None:
            first, last = (str(getattr(user, name, "") or "") for name in ("first_name", "last_name"))
            super().validate(password, CustomUser(first_name=first + last, last_name=last + first))
