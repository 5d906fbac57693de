"""Who may see which rows: `Model.objects.visible_to(user)` is the only door from a request to rows.

Whoever is not signed in, or was disabled, sees nothing; platform staff sees everything. What a person sees between
the two is for each model to say in `_visible_to_person`. Where it says nothing, the rows are for staff alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

M = TypeVar("M", bound=models.Model)


class VisibleQuerySet(models.QuerySet[M]):
    def visible_to(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The rows this user may see at a moment, now unless another is given."""
        return self.open_to(user, self._visible_to_person, at=at)

    def open_to(
        self,
        user: CustomUser | AnonymousUser,
        rule: Callable[[CustomUser, datetime], Self],
        *,
        at: datetime | None = None,
    ) -> Self:
        """Nothing for whoever may not sign in, all for platform staff, the rule for everybody else."""
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if user.is_staff or user.is_superuser:
            return self.all()
        return rule(user, at or timezone.now())

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.none()
